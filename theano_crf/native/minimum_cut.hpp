// Minimum cuts of binary problems on parts of the grid.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace crf {

// Each node stays on the source's side or switches to the sink's. A node has a slot for each arc that it may have; slot
// `slot ^ 1` of the other node leads back. Parts that no arc joins may be solved side by side.
class MinimumCut {
public:
    explicit MinimumCut(long slots) : slots_(slots) {}

    // Provides `nodes` without costs and arcs, and forgets those before.
    void reset(long nodes)
    {
        nodes_.assign(nodes, Node());
        arcs_.assign(nodes * slots_, Arc{0, NONE});
    }

    // Adds to the cost of switching a node.
    void add_cost(long node, float cost) { nodes_[node].rest += cost; }

    // Joins two nodes, which pay `cost` where just one of them switches.
    void join(long node, long slot, long other, float cost)
    {
        arcs_[node * slots_ + slot] = Arc{cost, int32_t(other)};
        arcs_[other * slots_ + (slot ^ 1)] = Arc{cost, int32_t(node)};
    }

    // Finds the minimum cut of the nodes from `first` to `end`.
    void solve(long first, long end);

    // True if a node switches. Where staying costs as little, it stays.
    bool switches(long node) const { return nodes_[node].tree == SINK; }

    static bool takes(long nodes, long slots)
    {
        return nodes <= std::numeric_limits<int32_t>::max() && slots <= std::numeric_limits<int16_t>::max();
    }

private:
    enum Tree : int8_t { FREE, SOURCE, SINK };
    static const int32_t NONE = -1;
    static const int16_t TERMINAL = -1, ORPHAN = -2;

    struct Node {
        float rest = 0;           // what can still flow from the source or, if negative, to the sink
        int32_t next = NONE;      // in the queue of active nodes; the last leads to itself
        int32_t distance = 0;     // to the terminal, as it was at `time`
        int32_t time = 0;
        int16_t parent = ORPHAN;  // the slot that leads there
        Tree tree = FREE;
    };
    struct Arc {
        float rest;  // what can still flow
        int32_t other;
    };

    const long slots_;
    std::vector<Node> nodes_;
    std::vector<Arc> arcs_;  // [node][slot]

    class Search;
};

}  // namespace crf
