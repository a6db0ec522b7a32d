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
        block.far = !step_.from_rest;
    }

    template <class Block>
    void read_all(Block &) const
    {
    }

    // Makes the costs of LANES nodes of what rests and is withheld, unless they are there.
    template <class Block>
    void read(Block &block, long first, long) const
    {
        const long end = step_.from_rest ? std::min<long>(first + LANES, block.length) : first;
        for (long node = first; node < end; ++node) {
            const RowOfLanes row = row_in(volumes_.what_rests(), node);
            Lanes *cost = block.cost_at(node);
            for (long k = 0; k < block.labels; ++k)
                cost[k] = step_.first ? row.read(k) : cost[k] + row.read(k);
        }
    }

    // Writes what rests of a node's costs.
    template <class Block, class Minorant>
    ALWAYS_INLINE void write(const Block &block, long node, const Minorant &minorant) const
    {
        const RowOfLanes row = row_in(step_.to, node);
        const RowOfLanes ahead = row_in(step_.to, std::min(node + NODES_AHEAD, block.length - 1));
        for (long k = 0; k < block.labels; ++k) {
            ahead.ask_for(k);
            row.write(k, minorant(k), step_.to.adds);
        }
    }

    template <class Block>
    void finish(Block &, long) const
    {
    }
    template <class Block>
    void write_all(Block &) const
    {
    }
    template <class Block>
    void leave(Block &) const
    {
    }

private:
    // The pixels of a node.
    ALWAYS_INLINE RowOfLanes row_in(const ShearedVolume &volume, long node) const
    {
        const long x = block_ * LANES + chains_.shifts[start_ + node];
        return volume.row(image_, chains_.places[start_ + node],
                          x < volumes_.padded_width ? x : x - volumes_.padded_width);
    }
};
