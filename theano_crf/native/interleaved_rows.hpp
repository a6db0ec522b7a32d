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
    void read_all(Block &block, bool is_first)
    {
        shape(block, 0, chains_.nodes(), rows());
        kept_ = block.sums;
        for (long x = 0; !in_order() && x < block.length; x += LANES)
            read_tile(block, x, std::min(x + LANES, block.length - 1), is_first);
    }

    template <class Block>
    void read(Block &block, long first, long next, bool is_first) const
    {
        if (in_order())
            read_tile(block, first, next, is_first);
    }

    // Keeps what rests of a node's costs until those of its tile, or of the whole block, are known.
    template <class Block, class Minorant>
    ALWAYS_INLINE void write(Block &block, long node, const Minorant &minorant) const
    {
        const long x = chains_.places[start_ + node];
        Lanes *kept = kept_ + (in_order() ? x % LANES : x) * block.labels;
        ask_for_row(block, x);
        for (long k = 0; k < block.labels; ++k)
            kept[k] = minorant(k);
        if (in_order() && (x % LANES == LANES - 1 || x + 1 == block.length))
            write_tile(block, x / LANES * LANES, 0);
    }

    template <class Block>
    void write_all(Block &block) const
    {
        for (long x = 0; !in_order() && x < chains_.nodes(); x += LANES)
            write_tile(block, x, x);
    }

private:
    Lanes *kept_ = nullptr;  // [column][label], what rests of nodes whose tile is not finished

    long rows() const { return std::min<long>(LANES, volumes_.height - block_ * LANES); }

    bool in_order() const { return chains_.offset.dx == 1; }

    float *tile(long x) const { return volumes_.rest + volumes_.node(image_, x / LANES, block_ * LANES); }

    // A row of the tile of column x, where what rests goes.
    ALWAYS_INLINE Row row_to(long x, long lane) const
    {
        return to_.row(image_, block_ * LANES + lane, x / LANES * LANES);
    }

    // Prefetches one row of the tile to which a column belongs: with each finished node a row.
    template <class Block>
    ALWAYS_INLINE void ask_for_row(const Block &block, long x) const
    {
        if (!in_order())
            return;
        const Row row = row_to(x, std::min(x % LANES, block.lanes - 1));
        for (long k = 0; k < block.labels; ++k)
            row.ask_for(k);
    }

    // Reads the tile of column `first` and prefetches that of column `next`.
    template <class Block>
    void read_tile(Block &block, long first, long next, bool is_first) const
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
                costs[i][k] = is_first ? columns[i] : costs[i][k] + columns[i];
        }
    }

    // Writes the columns first, ... of the block, kept from place `place` on.
    template <class Block>
    void write_tile(const Block &block, long first, long place) const
    {
        const long columns = std::min<long>(LANES, chains_.nodes() - first);
        Lanes *kept = kept_ + place * block.labels, rows[LANES];
        Row to[LANES];
        for (long lane = 0; lane < block.lanes; ++lane)
            to[lane] = row_to(first, lane);
        std::fill_n(kept + columns * block.labels, (LANES - columns) * block.labels, Lanes{});  // past the last column
        for (long k = 0; k < block.labels; ++k) {
            load_transposed(reinterpret_cast<const float *>(kept + k), block.labels * LANES, rows);
            for (long lane = 0; lane < block.lanes; ++lane)
                to[lane].write(k, rows[lane], to_.adds);
        }
    }
};
