// Reading and writing of blocks of chains in the packed volumes.
//
// Included for one instruction set (see instruction_sets.hpp).

// Place of a block of chains in the packed volumes.
template <Direction direction>
struct Place;

template <>
struct Place<COLUMNS> {
    const Packed &packed;
    const float *costs;  // to begin with, a volume
    long image, strip;

    Place(const Packed &packed_, const float *costs_, long task)
        : packed(packed_), costs(costs_), image(task / packed.strips), strip(task % packed.strips)
    {
    }

    static long blocks(const Packed &packed) { return packed.strips; }

    // A strip already has a block's order, so in place it is solved where it lies.
    void bind(Block &block, bool in_place) const
    {
        block.shape(packed.height, std::min<long>(LANES, packed.width - strip * LANES),
                    packed.column_edges + (image * packed.strips + strip) * packed.height * LANES,
                    in_place ? packed.costs + packed.node(image, strip, 0) : nullptr,
                    packed.pitch * packed.tile_size());
        block.far = in_place;
    }

    // Reads LANES nodes of each chain.
    void read(Block &block, long first, long) const
    {
        const float *from = costs + packed.node(image, strip, first);
        float *to = reinterpret_cast<float *>(block.cost_at(first));
        if (from != to)
            std::memcpy(to, from, sizeof(Lanes) * std::min<long>(LANES, block.length - first) * block.labels);
    }

    // A finished node withholds the flow in from the left less the flow out to the right; these costs are subtracted
    // from the unary costs.
    class Writer {
    public:
        ALWAYS_INLINE Writer(const Place &place, const Block &block, long node)
        {
            const Packed &packed = place.packed;
            const long ahead = std::min(node + NODES_AHEAD, block.length - 1);
            unary_ = packed.unary + packed.node(place.image, place.strip, node);
            ahead_ = packed.unary + packed.node(place.image, place.strip, ahead);
            costs_ = packed.costs + packed.node(place.image, place.strip, node);
        }
        ALWAYS_INLINE void write(long k, Lanes in, Lanes out)
        {
            __builtin_prefetch(ahead_ + k * LANES, 0, 2);
            store(costs_ + k * LANES, (out - in) + load(unary_ + k * LANES));
        }
        void finish() {}

    private:
        const float *unary_, *ahead_;
        float *costs_;
    };
};

template <>
struct Place<ROWS> {
    const Packed &packed;
    const float *costs;  // to begin with, a volume
    long image, band;

    Place(const Packed &packed_, const float *costs_, long task)
        : packed(packed_), costs(costs_), image(task / packed.bands), band(task % packed.bands)
    {
    }

    static long blocks(const Packed &packed) { return packed.bands; }

    // Always in place: each label of a tile is read, transposed and written before the next.
    void bind(Block &block, bool) const
    {
        block.shape(packed.width, std::min<long>(LANES, packed.height - band * LANES),
                    packed.row_edges + (image * packed.bands + band) * packed.width * LANES,
                    packed.costs + packed.node(image, 0, band * LANES), packed.tile_size());
    }

    // Reads the tile of node `first` and prefetches the tile of node `next`.
    void read(Block &block, long first, long next) const
    {
        const long ahead = (next - first) / LANES * packed.tile_size();
        const long pitch = block.labels * LANES, count = std::min<long>(LANES, block.length - first);
        const float *from = costs + packed.node(image, first / LANES, band * LANES);
        Lanes tile[LANES], *const to = block.cost_at(first);
        for (long k = 0; k < block.labels; ++k) {
            for (long lane = 0; lane < block.lanes; ++lane)
                __builtin_prefetch(from + ahead + lane * pitch + k * LANES, 0, 2);
            load_transposed(from + k * LANES, pitch, tile);
            for_first(count, [&](long i) { to[i * block.labels + k] = tile[i]; });
        }
    }

    // As in Place<COLUMNS>, but a tile at a time: until its last node is finished it keeps what the nodes withhold.
    class Writer {
    public:
        ALWAYS_INLINE Writer(const Place &place, const Block &block, long node)
            : place_(place), block_(block), node_(node), kept_(block.cost_at(node))
        {
            place.prefetch_next_tile(block, node);
        }
        ALWAYS_INLINE void write(long k, Lanes in, Lanes out) { kept_[k] = out - in; }
        void finish()
        {
            if (node_ % LANES == LANES - 1 || node_ + 1 == block_.length)
                place_.write_tile(block_, node_ / LANES * LANES, node_ % LANES + 1);
        }

    private:
        const Place &place_;
        const Block &block_;
        long node_;
        Lanes *kept_;
    };

private:
    void write_tile(const Block &block, long first, long count) const
    {
        const long pitch = block.labels * LANES, start = packed.node(image, first / LANES, band * LANES);
        Lanes tile[LANES];
        for (long k = 0; k < block.labels; ++k) {
            for (long i = count; i < LANES; ++i)  // past the image's last column
                block.cost_at(first + i)[k] = Lanes{};
            load_transposed(reinterpret_cast<const float *>(block.cost_at(first) + k), pitch, tile);
            for_first(block.lanes, [&](long lane) {
                const long offset = start + lane * pitch + k * LANES;
                store(packed.costs + offset, tile[lane] + load(packed.unary + offset));
            });
        }
    }

    // Prefetches the unary costs of the next tile, a row per finished node: a tile's lines lie apart in memory in the
    // order of their use.
    ALWAYS_INLINE void prefetch_next_tile(const Block &block, long node) const
    {
        const long lane = node % LANES, strip = std::min(node / LANES + 1, packed.strips - 1);
        const long start = packed.node(image, strip, band * LANES + lane);
        for (long k = 0; lane < block.lanes && k < block.labels; ++k)
            __builtin_prefetch(packed.unary + start + k * LANES, 0, 2);
    }
};
