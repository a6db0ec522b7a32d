// A block of LANES rows, whose nodes may be every second, third ... column: reading its costs and writing what rests.
//
// Included for one instruction set (see instruction_sets.hpp).

class InterleavedRows {
public:
    InterleavedRows(const Volumes &volumes, const Chains &chains, long d, long image, long block)
        : volumes_(volumes), chains_(chains), image_(image), block_(block),
          costs_(volumes.withheld_of(chains, d, image, block)), edges_(volumes.edges_of(chains, d, image, block))
    {
    }

    void bind(Block &block) const
    {
        block.shape(chains_.length(), std::min<long>(LANES, volumes_.height - block_ * LANES), edges_, costs_,
                    LANES * volumes_.labels * LANES);
    }

    // Reads the whole block where neighbours are not side by side, hence the order of nodes is not that of columns.
    template <class Block>
    void read_all(Block &block, bool is_first) const
    {
        for (long x = 0; !in_order() && x < block.length; x += LANES)
            read_tile(block, x, is_first);
    }

    template <class Block>
    void read(Block &block, long first, bool is_first) const
    {
        if (in_order())
            read_tile(block, first, is_first);
    }

    // Keeps what rests of a node's costs until those of its tile, or of the whole block, are known.
    template <class Block, class Minorant>
    ALWAYS_INLINE void write(Block &block, long node, const Minorant &minorant) const
    {
        const long x = chains_.places[node];
        Lanes *kept = block.sums_at(in_order() ? x % LANES : x);
        for (long k = 0; k < block.labels; ++k)
            kept[k] = minorant(k);
        if (in_order() && (x % LANES == LANES - 1 || x + 1 == block.length))
            write_tile(block, x / LANES * LANES, 0);
    }

    template <class Block>
    void write_all(Block &block) const
    {
        for (long x = 0; !in_order() && x < block.length; x += LANES)
            write_tile(block, x, x);
    }

private:
    const Volumes &volumes_;
    const Chains &chains_;
    const long image_, block_;
    float *costs_;
    const float *edges_;

    bool in_order() const { return chains_.offset.dx == 1; }

    float *tile(long x) const { return volumes_.rest + volumes_.node(image_, x / LANES, block_ * LANES); }

    // The node of a column.
    long node_of(long x) const
    {
        if (in_order() || chains_.offset.dx >= chains_.length())
            return x;
        // With a residues of one node more than the others come first.
        const long step = chains_.offset.dx, residue = x % step;
        const long longer = chains_.length() % step, least = chains_.length() / step;
        return residue * least + std::min(residue, longer) + x / step;
    }

    template <class Block>
    void read_tile(Block &block, long first, bool is_first) const
    {
        const long pitch = block.labels * LANES, count = std::min<long>(LANES, block.length - first);
        const float *from = tile(first);
        Lanes *costs[LANES], columns[LANES];
        for (long i = 0; i < count; ++i)
            costs[i] = block.cost_at(node_of(first + i));
        for (long k = 0; k < block.labels; ++k) {
            load_transposed(from + k * LANES, pitch, columns);
            for (long i = 0; i < count; ++i)
                costs[i][k] = is_first ? columns[i] : costs[i][k] + columns[i];
        }
    }

    // Writes the columns first, ... of the block, kept from place `kept` on.
    template <class Block>
    void write_tile(Block &block, long first, long kept) const
    {
        const long pitch = block.labels * LANES;
        float *to = tile(first);
        for (long i = block.length - first; i < LANES; ++i)  // past the image's last column
            std::fill_n(block.sums_at(kept + i), block.labels, Lanes{});
        Lanes rows[LANES];
        for (long k = 0; k < block.labels; ++k) {
            load_transposed(reinterpret_cast<const float *>(block.sums_at(kept) + k), pitch, rows);
            for (long lane = 0; lane < block.lanes; ++lane)
                store(to + lane * pitch + k * LANES, rows[lane]);
        }
    }
};
