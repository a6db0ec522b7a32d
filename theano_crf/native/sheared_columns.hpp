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
            const Pair pair = at(node);
            Lanes *cost = block.cost_at(node);
            for (long k = 0; k < block.labels; ++k) {
                const Lanes rest = pair.offset == 0 ? load(pair.low + k * LANES)
                                                    : shifted(load(pair.low + k * LANES), load(pair.high + k * LANES),
                                                              pair.offset);
                cost[k] = is_first ? rest : cost[k] + rest;
            }
        }
    }

    // Writes what rests of a node's costs.
    template <class Block, class Minorant>
    ALWAYS_INLINE void write(const Block &block, long node, const Minorant &minorant) const
    {
        const Pair pair = at(node), ahead = at(std::min(node + NODES_AHEAD, block.length - 1));
        for (long k = 0; k < block.labels; ++k) {
            __builtin_prefetch(ahead.low + k * LANES, 1, 2);
            __builtin_prefetch(ahead.high + k * LANES, 1, 2);
            const Lanes rest = minorant(k);
            if (pair.offset == 0) {
                store(pair.low + k * LANES, rest);
            } else {
                const Lanes rotated = shifted(rest, rest, LANES - pair.offset);
                store_from(pair.low + k * LANES, rotated, pair.offset);
                store_before(pair.high + k * LANES, rotated, pair.offset);
            }
        }
    }

    template <class Block>
    void write_all(Block &) const
    {
    }

private:
    // Lanes `offset` to the last of `low`, then the first of `high`, are the columns of a node's chains.
    struct Pair {
        float *low, *high;
        long offset;
    };
    ALWAYS_INLINE Pair at(long node) const
    {
        const long y = chains_.places[start_ + node];
        const long x = (block_ * LANES + chains_.shifts[start_ + node]) % volumes_.padded_width;
        const long strip = x / LANES, next = strip + 1 < volumes_.strips ? strip + 1 : 0;
        return {volumes_.rest + volumes_.node(image_, strip, y), volumes_.rest + volumes_.node(image_, next, y),
                x % LANES};
    }
};
