// A block of LANES neighbouring chains in cache: the costs come in, what the direction withholds goes out.
//
// Included once for each instruction set (see instruction_sets.hpp).

struct Block {
    long length;  // nodes of a chain
    long labels;
    long lanes;         // chains in use, at most LANES
    const Lanes *edge;  // [length], weight of the edge to the next node; the last is unused
    Lanes *cost;        // [length][labels], the costs and what has flowed in so far
    Lanes *sums;        // [length][labels], of cost and incoming message, where those of all nodes are wanted
    Lanes *least;       // [length], minimum of sums over the labels
    Lanes *own_edges;   // [length], for edges that lie nowhere in this order
    Lanes *passing[2][2];  // [labels] each, sums that only the next node needs: by direction, in turns
    Lanes *top;            // of the stack, see push

    // For chains of any length up to that which `memory` was made for.
    Block(void *memory, long labels_) : labels(labels_), memory_(static_cast<Lanes *>(memory)) {}

    static size_t bytes(long length, long labels)
    {
        return sizeof(Lanes) * (2 * length * labels + 2 * length + (4 + stack_size(length)) * labels);
    }

    void shape(long length_, long lanes_, const float *edges)
    {
        length = length_;
        lanes = lanes_;
        for (int i = 0; i < 4; ++i)
            passing[i / 2][i % 2] = memory_ + i * labels;
        top = memory_ + 4 * labels;
        cost = top + stack_size(length) * labels;
        least = cost + length * labels;
        own_edges = least + length;
        sums = own_edges + length;
        edge = edges ? reinterpret_cast<const Lanes *>(edges) : own_edges;
    }

    // Room for [labels] more on the stack. Setting `top` back gives it free.
    Lanes *push()
    {
        Lanes *const room = top;
        top += labels;
        return room;
    }

    float &entry(long node, long label, long lane) const
    {
        return reinterpret_cast<float *>(cost_at(node) + label)[lane];
    }
    Lanes *cost_at(long node) const { return cost + node * labels; }
    Lanes *sums_at(long node) const { return sums + node * labels; }

private:
    Lanes *memory_;

    // With d halvings of the chain, two trails of at most d sums from its ends and, from the i-th cut on the way
    // down, a flow and two trails of at most d - i: less than (d + 2) * (d + 2) in all.
    static long stack_size(long length)
    {
        long halvings = 0;
        while (length >> halvings)
            ++halvings;
        return (halvings + 2) * (halvings + 2);
    }
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
    void write(const Block &block, long node, const Lanes *in, const Lanes *out) const
    {
        float *withheld = packed.withheld + packed.node(image, strip, node);
        for (long k = 0; k < block.labels; ++k)
            store(withheld + k * LANES, (in ? in[k] : Lanes{}) - (out ? out[k] : Lanes{}));
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

    // As Place<COLUMNS>, a tile at a time, when its last node is finished; until then over the costs.
    void write(const Block &block, long node, const Lanes *in, const Lanes *out) const
    {
        prefetch_written(block, node);
        for (long k = 0; k < block.labels; ++k)
            block.cost_at(node)[k] = (in ? in[k] : Lanes{}) - (out ? out[k] : Lanes{});
        if (node % LANES == LANES - 1 || node + 1 == block.length)
            write_tile(block, node / LANES * LANES, node % LANES + 1);
    }

private:
    void write_tile(const Block &block, long first, long count) const
    {
        const long pitch = block.labels * LANES;
        float *withheld = packed.withheld + packed.node(image, first / LANES, band * LANES);
        Lanes tile[LANES];
        for (long k = 0; k < block.labels; ++k) {
            for (long i = 0; i < LANES; ++i)
                tile[i] = i < count ? block.cost_at(first + i)[k] : Lanes{};
            transpose(tile);
            for (long lane = 0; lane < block.lanes; ++lane)
                store(withheld + lane * pitch + k * LANES, tile[lane]);
        }
    }

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
