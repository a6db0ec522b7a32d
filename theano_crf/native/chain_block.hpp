// A block of LANES neighbouring chains in cache: the costs come in, what the direction withholds goes out.
//
// Included once for each instruction set (see instruction_sets.hpp).

struct Block {
    long length;  // nodes of a chain
    long labels;
    long lanes;         // chains in use, at most LANES
    const Lanes *edge;  // [length], weight of the edge to the next node; the last is unused
    Lanes *cost;        // [length][labels], the costs and what has flowed in so far
    Lanes *sums;        // [length][labels], see minorant.hpp
    Lanes *passing[2][2];  // [labels] each, sums that only the next node needs: by direction, in turns
    Lanes *least;       // [length], minimum over the labels
    Lanes *scratch;     // [labels]
    Lanes *own_edges;   // [length], for edges that lie nowhere in this order

    // For chains of any length up to that which `memory` was made for.
    Block(void *memory, long labels_) : labels(labels_), memory_(static_cast<Lanes *>(memory)) {}

    static size_t bytes(long length, long labels)
    {
        return sizeof(Lanes) * (2 * length * labels + 2 * length + 5 * labels);
    }

    void shape(long length_, long lanes_, const float *edges)
    {
        length = length_;
        lanes = lanes_;
        cost = memory_;
        sums = cost + length * labels;
        least = sums + length * labels;
        own_edges = least + length;
        scratch = own_edges + length;
        for (int i = 0; i < 4; ++i)
            passing[i / 2][i % 2] = scratch + (i + 1) * labels;
        edge = edges ? reinterpret_cast<const Lanes *>(edges) : own_edges;
    }

    float &entry(long node, long label, long lane) const
    {
        return reinterpret_cast<float *>(cost_at(node) + label)[lane];
    }
    Lanes *cost_at(long node) const { return cost + node * labels; }
    Lanes *sums_at(long node) const { return sums + node * labels; }

private:
    Lanes *memory_;
};

// Where a block of chains lies in the packed volumes.
template <Direction direction>
struct Place;

template <>
struct Place<COLUMNS> {
    const Packed &packed;
    long image, strip;

    Place(const Packed &packed_, long task)
        : packed(packed_), image(task / packed.strips), strip(task % packed.strips)
    {
    }

    static long blocks(const Packed &packed) { return packed.strips; }

    void bind(Block &block) const
    {
        block.shape(packed.height, std::min<long>(LANES, packed.width - strip * LANES),
                    packed.column_edges + (image * packed.strips + strip) * packed.height * LANES);
    }

    // LANES nodes of each chain: cost = unary - withheld, or unary at first, when nothing is withheld. Those of
    // the tile `next` are asked for ahead.
    void read(bool at_first, Block &block, long first, long next) const
    {
        const long start = packed.node(image, strip, first);
        const long count = std::min<long>(LANES, block.length - first) * block.labels;
        const float *unary = packed.unary + start, *withheld = packed.withheld + start;
        Lanes *cost = block.cost_at(first);
        if (at_first)
            std::memcpy(cost, unary, sizeof(Lanes) * count);
        else
            for (long i = 0, ahead = (next - first) * block.labels * LANES; i < count; ++i) {
                __builtin_prefetch(unary + ahead + i * LANES, 0, 2);
                __builtin_prefetch(withheld + ahead + i * LANES, 0, 2);
                cost[i] = load(unary + i * LANES) - load(withheld + i * LANES);
            }
    }

    // What a finished node withholds: the flow in from the left less the flow out to the right.
    void write(const Block &block, long node) const
    {
        const Lanes *in = block.sums_at(node), *out = in + block.labels;
        float *withheld = packed.withheld + packed.node(image, strip, node);
        const bool first = node == 0, last = node + 1 == block.length;
        for (long k = 0; k < block.labels; ++k)
            store(withheld + k * LANES, (first ? Lanes{} : in[k]) - (last ? Lanes{} : out[k]));
    }
};

template <>
struct Place<ROWS> {
    const Packed &packed;
    long image, band;

    Place(const Packed &packed_, long task)
        : packed(packed_), image(task / packed.bands), band(task % packed.bands)
    {
    }

    static long blocks(const Packed &packed) { return packed.bands; }

    void bind(Block &block) const
    {
        block.shape(packed.width, std::min<long>(LANES, packed.height - band * LANES),
                    packed.row_edges + (image * packed.bands + band) * packed.width * LANES);
    }

    // The tile `next` is asked for ahead.
    void read(bool at_first, Block &block, long first, long next) const
    {
        const long ahead = (next - first) / LANES * packed.strip_size();
        const long pitch = block.labels * LANES, count = std::min<long>(LANES, block.length - first);
        const long start = packed.node(image, first / LANES, band * LANES);
        const float *unary = packed.unary + start, *withheld = packed.withheld + start;
        Lanes tile[LANES];
        for (long k = 0; k < block.labels; ++k) {
            for (long lane = 0; lane < LANES; ++lane) {
                tile[lane] = Lanes{};
                if (lane < block.lanes) {
                    __builtin_prefetch(unary + ahead + lane * pitch + k * LANES, 0, 2);
                    __builtin_prefetch(withheld + ahead + lane * pitch + k * LANES, 0, 2);
                    tile[lane] = load(unary + lane * pitch + k * LANES);
                    if (!at_first)
                        tile[lane] -= load(withheld + lane * pitch + k * LANES);
                }
            }
            transpose(tile);
            for (long i = 0; i < count; ++i)
                block.cost_at(first + i)[k] = tile[i];
        }
    }

    // A tile at a time, when its last node is finished.
    void write(const Block &block, long node) const
    {
        prefetch_written(block, node);
        if (node % LANES != LANES - 1 && node + 1 != block.length)
            return;
        const long first = node / LANES * LANES, count = node - first + 1, pitch = block.labels * LANES;
        float *withheld = packed.withheld + packed.node(image, first / LANES, band * LANES);
        Lanes tile[LANES] = {};
        for (long k = 0; k < block.labels; ++k) {
            Lanes in = first == 0 ? Lanes{} : block.sums_at(first)[k];
            for (long i = 0; i < count; ++i) {
                const Lanes out = first + i + 1 == block.length ? Lanes{} : block.sums_at(first + i + 1)[k];
                tile[i] = in - out;
                in = out;
            }
            for (long i = count; i < LANES; ++i)
                tile[i] = Lanes{};
            transpose(tile);
            for (long lane = 0; lane < block.lanes; ++lane)
                store(withheld + lane * pitch + k * LANES, tile[lane]);
        }
    }

private:
    // The lines of a tile are LANES rows apart in the order they are written in, so they are asked for one row
    // after the other while the tile's nodes are worked on.
    void prefetch_written(const Block &block, long node) const
    {
        const long lane = node % LANES;
        const float *withheld = packed.withheld + packed.node(image, node / LANES, band * LANES + lane);
        for (long k = 0; lane < block.lanes && k < packed.labels; ++k)
            __builtin_prefetch(withheld + k * LANES, 1, 2);
    }
};
