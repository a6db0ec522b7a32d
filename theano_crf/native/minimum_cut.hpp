// Minimum cuts of binary problems on parts of the grid, by Boykov and Kolmogorov's two search trees (PAMI 2004).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace crf {

// Nodes that stay where they are, on the source's side, or switch, to the sink's. Each node has one arc slot per edge
// direction and end, so that slot s leads back over slot s ^ 1. Parts that no arc joins may be solved side by side.
class MinimumCut {
public:
    explicit MinimumCut(long slots) : slots_(slots) {}

    // Forgets all nodes; provides `nodes` without arcs and costs.
    void reset(long nodes)
    {
        nodes_.assign(nodes, Node());
        arcs_.assign(nodes * slots_, Arc{0, NONE});
    }

    // Adds to the cost of switching a node.
    void add_cost(long node, float cost) { nodes_[node].rest += cost; }

    // Joins two nodes that pay `cost` if just one of them switches. Not before the node's slot is free.
    void join(long node, long slot, long other, float cost)
    {
        arcs_[node * slots_ + slot] = Arc{cost, int32_t(other)};
        arcs_[other * slots_ + (slot ^ 1)] = Arc{cost, int32_t(node)};
    }

    // Finds the cut of the nodes from `first` to `end`.
    void solve(long first, long end);

    // True if a node of a solved part switches; if both are optimal, it stays.
    bool switches(long node) const { return nodes_[node].tree == SINK; }

    // Bytes per node.
    static long bytes(long slots) { return sizeof(Node) + slots * sizeof(Arc); }

private:
    enum Tree : int8_t { FREE, SOURCE, SINK };
    static const int32_t NONE = -1;
    static const int16_t TO_TERMINAL = -1, ORPHAN = -2;

    struct Node {
        float rest = 0;            // what can still flow from the source; to the sink if negative
        int32_t next = NONE;       // in the queue of active nodes; the last leads to itself
        int32_t distance = 0;      // to the terminal, at the time below
        int32_t time = 0;
        int16_t parent = ORPHAN;   // the slot that leads to it
        Tree tree = FREE;
    };
    struct Arc {
        float rest;
        int32_t other;
    };

    const long slots_;
    std::vector<Node> nodes_;
    std::vector<Arc> arcs_;  // [node][slot]

    class Search;
};

// The search for one part's cut. Trees of nodes that flow can reach from the source, and from which it can reach the
// sink, grow until they meet; flow is sent along the path; nodes that lose their parent find another or are set free.
class MinimumCut::Search {
public:
    Search(MinimumCut &cut, long first, long end)
        : nodes_(cut.nodes_.data()), arcs_(cut.arcs_.data()), slots_(cut.slots_),
          paths_left_(PATHS_PER_NODE * (end - first))
    {
        for (long i = first; i < end; ++i) {
            Node &node = nodes_[i];
            if (node.rest == 0)
                continue;
            node.tree = node.rest > 0 ? SOURCE : SINK;
            node.parent = TO_TERMINAL;
            node.distance = 1;
            activate(i);
        }
    }

    void run()
    {
        for (int32_t i = first_active(); i != NONE; i = first_active())
            if (!grow(i))
                retire();
            else if (--paths_left_ < 0)
                return;
    }

private:
    // Rounding might let the same flow go round for ever. Any cut is allowed, as it is judged by its energy.
    static const long PATHS_PER_NODE = 100;

    Node *const nodes_;
    Arc *const arcs_;
    const long slots_;
    long paths_left_;
    int32_t head_ = NONE, tail_ = NONE;
    int32_t time_ = 0;
    std::vector<int32_t> orphans_;

    Arc &arc(int32_t node, long slot) { return arcs_[node * slots_ + slot]; }

    // What can still flow over a slot of a node, away from the source or towards the sink.
    float rest_from(int32_t node, long slot, Tree tree)
    {
        const Arc &here = arc(node, slot);
        return tree == SOURCE ? here.rest : arc(here.other, slot ^ 1).rest;
    }

    void activate(int32_t i)
    {
        if (nodes_[i].next != NONE)
            return;
        if (head_ == NONE)
            head_ = i;
        else
            nodes_[tail_].next = i;
        nodes_[i].next = tail_ = i;
    }

    int32_t first_active()
    {
        while (head_ != NONE && nodes_[head_].tree == FREE)
            retire();
        return head_;
    }

    void retire()
    {
        const int32_t next = nodes_[head_].next;
        nodes_[head_].next = NONE;
        head_ = next == head_ ? NONE : next;
    }

    // Takes free neighbours into the node's tree. True if it has met the other tree, and sent flow along the path.
    bool grow(int32_t i)
    {
        const Tree tree = nodes_[i].tree;
        for (long slot = 0; slot < slots_; ++slot) {
            const int32_t other = arc(i, slot).other;
            if (other == NONE || !(rest_from(i, slot, tree) > 0))
                continue;
            Node &neighbour = nodes_[other];
            if (neighbour.tree == FREE) {
                neighbour.tree = tree;
                neighbour.parent = slot ^ 1;
                neighbour.time = nodes_[i].time;
                neighbour.distance = nodes_[i].distance + 1;
                activate(other);
            } else if (neighbour.tree != tree) {
                if (tree == SOURCE)
                    augment(i, slot);
                else
                    augment(other, slot ^ 1);
                return true;
            } else if (neighbour.time <= nodes_[i].time && neighbour.distance > nodes_[i].distance + 1) {
                neighbour.parent = slot ^ 1;  // a shorter way to the terminal
                neighbour.time = nodes_[i].time;
                neighbour.distance = nodes_[i].distance + 1;
            }
        }
        return false;
    }

    // The largest flow from node i, or to it, along its tree.
    float flow_through(int32_t i, float flow)
    {
        const Tree tree = nodes_[i].tree;
        for (; nodes_[i].parent != TO_TERMINAL; i = arc(i, nodes_[i].parent).other) {
            const long slot = nodes_[i].parent;
            const float rest = tree == SOURCE ? arc(arc(i, slot).other, slot ^ 1).rest : arc(i, slot).rest;
            flow = std::min(flow, rest);
        }
        return std::min(flow, std::abs(nodes_[i].rest));
    }

    // Sends flow between node i and its terminal.
    void send(int32_t i, float flow)
    {
        const Tree tree = nodes_[i].tree;
        while (nodes_[i].parent != TO_TERMINAL) {
            const long slot = nodes_[i].parent;
            const int32_t parent = arc(i, slot).other;
            Arc &there = arc(parent, slot ^ 1), &here = arc(i, slot);
            Arc &with_flow = tree == SOURCE ? there : here, &against = tree == SOURCE ? here : there;
            with_flow.rest -= flow;
            against.rest += flow;
            if (with_flow.rest <= 0)
                set_orphan(i);
            i = parent;
        }
        nodes_[i].rest += tree == SOURCE ? -flow : flow;
        if (nodes_[i].rest == 0)
            set_orphan(i);
    }

    void set_orphan(int32_t i)
    {
        nodes_[i].parent = ORPHAN;
        orphans_.push_back(i);
    }

    // Sends as much flow as possible along the path that a slot of node i, in the source's tree, completes.
    void augment(int32_t i, long slot)
    {
        Arc &bridge = arc(i, slot);
        const int32_t other = bridge.other;
        const float flow = flow_through(other, flow_through(i, bridge.rest));
        bridge.rest -= flow;
        arc(other, slot ^ 1).rest += flow;
        send(i, flow);
        send(other, flow);
        ++time_;
        for (size_t next = 0; next < orphans_.size(); ++next)
            adopt(orphans_[next]);
        orphans_.clear();
    }

    // Finds the orphan's nearest neighbour whose way to the terminal is whole; else sets it free.
    void adopt(int32_t i)
    {
        const Tree tree = nodes_[i].tree;
        int32_t least = std::numeric_limits<int32_t>::max();
        long parent = ORPHAN;
        for (long slot = 0; slot < slots_; ++slot) {
            const int32_t other = arc(i, slot).other;
            if (other == NONE || nodes_[other].tree != tree || !(rest_to(i, slot, tree) > 0))
                continue;
            const int32_t distance = distance_of(other);
            if (distance < least) {
                least = distance;
                parent = slot;
            }
        }
        nodes_[i].parent = parent;
        if (parent != ORPHAN) {
            nodes_[i].time = time_;
            nodes_[i].distance = least + 1;
            return;
        }
        for (long slot = 0; slot < slots_; ++slot) {
            const int32_t other = arc(i, slot).other;
            if (other == NONE || nodes_[other].tree != tree)
                continue;
            if (rest_to(i, slot, tree) > 0)
                activate(other);
            if (nodes_[other].parent >= 0 && nodes_[other].parent == long(slot ^ 1))
                set_orphan(other);
        }
        nodes_[i].tree = FREE;
    }

    // What can still flow over a slot of a node, to it in the source's tree, from it in the sink's.
    float rest_to(int32_t node, long slot, Tree tree)
    {
        const Arc &here = arc(node, slot);
        return tree == SOURCE ? arc(here.other, slot ^ 1).rest : here.rest;
    }

    // The distance of a node to its terminal, which its ancestors keep for this time; the largest number if one of them
    // is an orphan.
    int32_t distance_of(int32_t i)
    {
        int32_t distance = 0, at = i;
        for (;; at = arc(at, nodes_[at].parent).other) {
            if (nodes_[at].time == time_) {
                distance += nodes_[at].distance;
                break;
            }
            if (nodes_[at].parent == ORPHAN)
                return std::numeric_limits<int32_t>::max();
            ++distance;
            if (nodes_[at].parent == TO_TERMINAL) {
                nodes_[at].time = time_;
                nodes_[at].distance = 1;
                break;
            }
        }
        for (int32_t length = distance; nodes_[i].time != time_; i = arc(i, nodes_[i].parent).other) {
            nodes_[i].time = time_;
            nodes_[i].distance = length--;
        }
        return distance;
    }
};

inline void MinimumCut::solve(long first, long end) { Search(*this, first, end).run(); }

}  // namespace crf
