// A block of rows, whose nodes may be every second, third ... column: reading its costs and writing what rests.
//
// Included for one instruction set (see instruction_sets.hpp). Where all columns are in the order of the nodes, LANES
// nodes are the tiles of `side_by_side` strips, of `block_height` rows each.

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
        Lanes *kept = kept_ + (chains_.in_order() ? node % LANES : chains_.places[start_ + node]) * block.labels;
        if (chains_.in_order())
            ask_for_row(block, node);
        for (long k = 0; k < block.labels; ++k)
            kept[k] = minorant(k);
    }

    // Writes the tiles of LANES nodes when the last of them is finished.
    template <class Block>
    ALWAYS_INLINE void finish(Block &block, long node) const
    {
        if (!chains_.in_order() || (node % LANES != LANES - 1 && node + 1 != block.length))
            return;
        const long first = node / LANES * LANES;
        if (chains_.side_by_side == 1)
            write_tile(block, first, 0);
        else
            write_tiles(block, first);
        transpose_in_place(block, first);
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
        for (long first = 0; chains_.in_order() && first < chains_.nodes(); first += LANES)
            transpose_in_place(block, first);
    }

private:
    Lanes *kept_ = nullptr;  // [column][label], what rests of nodes whose tile is not finished

    long first_row() const { return block_ * chains_.block_height; }
    long rows() const { return std::min(chains_.block_height, volumes_.height - first_row()); }

    float *tile(long x) const { return volumes_.rest + volumes_.node(image_, x / LANES, first_row()); }

    // A row of the tile of column x, where what rests goes.
    ALWAYS_INLINE RowOfLanes row_to(long x, long row) const
    {
        return step_.to.row(image_, first_row() + row, x / LANES * LANES);
    }

    // Calls work(x, node) for the first column and node of each tile of the nodes first, ...
    template <class Work>
    ALWAYS_INLINE void for_each_tile(long first, const Work &work) const
    {
        const long x = first * chains_.side_by_side;
        const long end = std::min(x + chains_.side_by_side * LANES, volumes_.padded_width);
        for (long tile_x = x; tile_x < end; tile_x += LANES)
            work(tile_x, first + (tile_x - x) / chains_.side_by_side);
    }

    // Prefetches one row of the tiles to which a node belongs: with each finished node a row.
    template <class Block>
    ALWAYS_INLINE void ask_for_row(const Block &block, long node) const
    {
        const RowOfLanes row = row_to(node * chains_.side_by_side,
                                      std::min(node & (chains_.block_height - 1), rows() - 1));
        for (long k = 0; k < block.labels; ++k)
            row.ask_for(k);
    }

    // Makes the costs of LANES nodes from `first` on and prefetches those from `next` on.
    template <class Block>
    void read_in_place(Block &block, long first, long next) const
    {
        const long pitch = block.labels * LANES, away = next - first;
        for_each_tile(first, [&](long x, long node) {
            float *own = reinterpret_cast<float *>(block.cost_at(node));
            const long next_x = std::min(x + away * chains_.side_by_side, volumes_.padded_width - LANES);
            const float *rest = tile(x), *next_rest = tile(next_x);
            for (long at = 0; step_.from_rest && at < chains_.block_height * pitch; at += LANES) {
                __builtin_prefetch(next_rest + at, 0, 2);
                store(own + at, step_.first ? load(rest + at) : load(own + at) + load(rest + at));
            }
            transpose_tile(own, block.labels, reinterpret_cast<const float *>(block.cost_at(node + away)));
        });
    }

    template <class Block>
    void transpose_in_place(const Block &block, long first) const
    {
        for_each_tile(first, [&](long, long node) {
            transpose_tile(reinterpret_cast<float *>(block.cost_at(node)), block.labels, nullptr);
        });
    }

    // Brings a tile's costs, [row][label][LANES columns], into the order of nodes, [node][label][LANES chains], or
    // back; prefetches those of the tile at `next`, which may be null.
    void transpose_tile(float *costs, long labels, const float *next) const
    {
        switch (chains_.side_by_side) {
        case 1:
            return transpose_groups<1>(costs, labels, next);
        case 2:
            return transpose_groups<2>(costs, labels, next);
        case 4:
            return transpose_groups<4>(costs, labels, next);
        case 8:
            return transpose_groups<8>(costs, labels, next);
        default:
            return transpose_groups<16>(costs, labels, next);
        }
    }

    template <int SIZE>
    static void transpose_groups(float *costs, long labels, const float *next)
    {
        const int rows = SIZE < LANES ? LANES / SIZE : 1;
        const long pitch = labels * LANES;
        Lanes lines[rows];
        for (long k = 0; k < labels; ++k) {
            load_transposed_groups<SIZE>(costs + k * LANES, pitch, lines);
            for (long i = 0; i < rows; ++i) {
                store(costs + i * pitch + k * LANES, lines[i]);
                if (next)
                    __builtin_prefetch(next + i * pitch + k * LANES, 1, 2);
            }
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
            for_first(count, [&](long i) { costs[i][k] = step_.first ? columns[i] : costs[i][k] + columns[i]; });
        }
    }

    // Writes the tiles of the nodes first, ..., kept from place 0 on.
    template <class Block>
    void write_tiles(const Block &block, long first) const
    {
        const long after = chains_.nodes() - first;
        for (long place = after; place < LANES; ++place)  // past the last column
            std::fill_n(kept_ + place * block.labels, block.labels, Lanes{});
        for_each_tile(first, [&](long x, long node) {
            Lanes *kept = kept_ + (node - first) * block.labels;
            transpose_tile(reinterpret_cast<float *>(kept), block.labels, nullptr);
            for (long row = 0; row < rows(); ++row) {
                const RowOfLanes to = row_to(x, row);
                for (long k = 0; k < block.labels; ++k)
                    to.write(k, kept[row * block.labels + k], step_.to.adds);
            }
        });
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
            for_first(block.lanes, [&](long lane) { to[lane].write(k, rows[lane], step_.to.adds); });
        }
    }
};
