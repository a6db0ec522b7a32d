// A block of sheared columns: reading its costs and writing what rests of them.
//
// Included for one instruction set (see instruction_sets.hpp).

class ShearedColumns : public BlockOfChains {
public:
    using BlockOfChains::BlockOfChains;

    // Binds a class of chains.
    void bind(Block &block, long number)
    {
        start_ = chains_.starts[number];
        shape(block, start_, chains_.starts[number + 1] - start_, LANES);
    }

    template <class Block>
    void read_all(Block &, bool) const
    {
    }

    // costs = rest + withheld for LANES nodes; in the first step nothing is withheld.
    template <class Block>
    void read(Block &block, long first, long, bool is_first) const
    {
        const long end = std::min<long>(first + LANES, block.length);
        for (long node = first; node < end; ++node) {
            const Row row = row_in(volumes_.straight(), node);
            Lanes *cost = block.cost_at(node);
            for (long k = 0; k < block.labels; ++k)
                cost[k] = is_first ? row.read(k) : cost[k] + row.read(k);
        }
    }

    // Writes what rests of a node's costs.
    template <class Block, class Minorant>
    ALWAYS_INLINE void write(const Block &block, long node, const Minorant &minorant) const
    {
        const Row row = row_in(to_, node), ahead = row_in(to_, std::min(node + NODES_AHEAD, block.length - 1));
        for (long k = 0; k < block.labels; ++k) {
            ahead.ask_for(k);
            row.write(k, minorant(k), to_.adds);
        }
    }

    template <class Block>
    void write_all(Block &) const
    {
    }

private:
    // The pixels of a node.
    ALWAYS_INLINE Row row_in(const ShearedVolume &volume, long node) const
    {
        const long x = block_ * LANES + chains_.shifts[start_ + node];
        return volume.row(image_, chains_.places[start_ + node],
                          x < volumes_.padded_width ? x : x - volumes_.padded_width);
    }
};
