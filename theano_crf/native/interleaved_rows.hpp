// A block of LANES rows, whose nodes may be every second, third ... column: reading its costs and writing what rests.
//
// Included for one instruction set (see instruction_sets.hpp).

class InterleavedRows : public BlockOfChains {
public:
    using BlockOfChains::BlockOfChains;

    // Binds a class of chains.
    void bind(Block &block, long number)
    {
        start_ = chains_.starts[number];
        shape(block, start_, chains_.starts[number + 1] - start_, rows());
    }

    // Reads the whole block, unless its columns are in the order of the nodes and read when they are needed.
    template <class Block>
    void read_all(Block &block)
    {
        shape(block, 0, chains_.nodes(), rows());
        kept_ = block.sums;
        for (long x = 0; !chains_.in_order() && x < block.length; x += LANES)
            read_tile(block, x, std::min(x + LANES, block.length - 1));
    }

    template <class Block>
    void read(Block &block, long first, long next) const
    {
        if (chains_.in_order())
            read_in_place(block, first, next);
    }

    // Keeps what rests of a node's costs until those of its tile, or of the whole block, are known.
    template <class Block, class Minorant>
    ALWAYS_INLINE void write(Block &block, long node, const Minorant &minorant) const
    {
        const long x = chains_.places[start_ + node];
        Lanes *kept = kept_ + (chains_.in_order() ? x % LANES : x) * block.labels;
        ask_for_row(block, x);
        for (long k = 0; k < block.labels; ++k)
            kept[k] = minorant(k);
    }

    // Writes a tile when its last node is finished.
    template <class Block>
    ALWAYS_INLINE void finish(Block &block, long node) const
    {
        if (!chains_.in_order() || (node % LANES != LANES - 1 && node + 1 != block.length))
            return;
        write_tile(block, node / LANES * LANES, 0);
        transpose_in_place(block, node / LANES * LANES);
    }

    template <class Block>
    void write_all(Block &block) const
    {
        for (long x = 0; !chains_.in_order() && x < chains_.nodes(); x += LANES) {
            for (long lane = 0; lane < block.lanes; ++lane) {
                const RowOfLanes row = row_to(std::min(x + LANES, chains_.nodes() - 1), lane);
                for (long k = 0; k < block.labels; ++k)
                    row.ask_for(k);
            }
            write_tile(block, x, x);
        }
    }

    // Brings what is withheld into its order, where no node is finished.
    template <class Block>
    void leave(Block &block) const
    {
        for (long x = 0; chains_.in_order() && x < chains_.nodes(); x += LANES)
            transpose_in_place(block, x);
    }

private:
    Lanes *kept_ = nullptr;  // [column][label], what rests of nodes whose tile is not finished

    long rows() const { return std::min<long>(LANES, volumes_.height - block_ * LANES); }

    float *tile(long x) const { return volumes_.rest + volumes_.node(image_, x / LANES, block_ * LANES); }

    // A row of the tile of column x, where what rests goes.
    ALWAYS_INLINE RowOfLanes row_to(long x, long lane) const
    {
        return step_.to.row(image_, block_ * LANES + lane, x / LANES * LANES);
    }

    // Prefetches one row of the tile to which a column belongs: with each finished node a row.
    template <class Block>
    ALWAYS_INLINE void ask_for_row(const Block &block, long x) const
    {
        if (!chains_.in_order())
            return;
        const RowOfLanes row = row_to(x, std::min(x % LANES, block.lanes - 1));
        for (long k = 0; k < block.labels; ++k)
            row.ask_for(k);
    }

    // Makes the costs of the tile of column `first` and prefetches that of column `next`.
    template <class Block>
    void read_in_place(Block &block, long first, long next) const
    {
        const long pitch = block.labels * LANES;
        const float *rest = tile(first), *next_rest = tile(next / LANES * LANES);
        float *own = reinterpret_cast<float *>(block.cost_at(first));
        const float *next_own = reinterpret_cast<const float *>(block.cost_at(next / LANES * LANES));
        for (long k = 0; k < block.labels; ++k) {
            Lanes lines[LANES];
            for (long i = 0; i < LANES; ++i) {
                const long at = i * pitch + k * LANES;
                __builtin_prefetch(next_own + at, 1, 2);
                if (step_.from_rest)
                    __builtin_prefetch(next_rest + at, 0, 2);
                if (step_.from_rest)
                    store(own + at, step_.first ? load(rest + at) : load(own + at) + load(rest + at));
            }
            load_transposed(own + k * LANES, pitch, lines);
            for (long i = 0; i < LANES; ++i)
                store(own + i * pitch + k * LANES, lines[i]);
        }
    }

    template <class Block>
    void transpose_in_place(const Block &block, long first) const
    {
        const long pitch = block.labels * LANES;
        float *own = reinterpret_cast<float *>(block.cost_at(first));
        Lanes lines[LANES];
        for (long k = 0; k < block.labels; ++k) {
            load_transposed(own + k * LANES, pitch, lines);
            for (long i = 0; i < LANES; ++i)
                store(own + i * pitch + k * LANES, lines[i]);
        }
    }

    // Reads the tile of column `first` and prefetches that of column `next`.
    template <class Block>
    void read_tile(Block &block, long first, long next) const
    {
        const float *next_tile = tile(next);
        const long pitch = block.labels * LANES, count = std::min<long>(LANES, block.length - first);
        const float *from = tile(first);
        Lanes *costs[LANES], *next_costs[LANES], columns[LANES];
        for (long i = 0; i < LANES; ++i) {
            costs[i] = block.cost_at(chains_.node_at(std::min(first + i, block.length - 1)));
            next_costs[i] = block.cost_at(chains_.node_at(std::min(next + i, block.length - 1)));
        }
        for (long k = 0; k < block.labels; ++k) {
            for (long i = 0; i < LANES; ++i) {
                __builtin_prefetch(next_tile + (k * LANES + i) * LANES, 0, 2);
                __builtin_prefetch(next_costs[i] + k, 1, 2);
            }
            load_transposed(from + k * LANES, pitch, columns);
            for (long i = 0; i < count; ++i)
                costs[i][k] = step_.first ? columns[i] : costs[i][k] + columns[i];
        }
    }

    // Writes the columns first, ... of the block, kept from place `place` on.
    template <class Block>
    void write_tile(const Block &block, long first, long place) const
    {
        const long columns = std::min<long>(LANES, chains_.nodes() - first);
        Lanes *kept = kept_ + place * block.labels, rows[LANES];
        RowOfLanes to[LANES];
        for (long lane = 0; lane < block.lanes; ++lane)
            to[lane] = row_to(first, lane);
        std::fill_n(kept + columns * block.labels, (LANES - columns) * block.labels, Lanes{});  // past the last column
        for (long k = 0; k < block.labels; ++k) {
            load_transposed(reinterpret_cast<const float *>(kept + k), block.labels * LANES, rows);
            for (long lane = 0; lane < block.lanes; ++lane)
                to[lane].write(k, rows[lane], step_.to.adds);
        }
    }
};
