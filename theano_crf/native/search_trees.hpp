// The search for a minimum cut with two trees (Boykov and Kolmogorov, PAMI 2004).
#pragma once

#include <algorithm>
#include <cmath>

#include "minimum_cut.hpp"

namespace crf {

// One tree holds nodes that flow can reach from the source, the other nodes from which it can reach the sink. They grow
// until they meet. Then flow is sent along the path, and nodes that have lost their parent find another or become free.
class MinimumCut::Search {
public:
    Search(MinimumCut &cut, long first, long end)
        : nodes_(cut.nodes_.data()), arcs_(cut.arcs_.data()), slots_(cut.slots_),
          paths_left_(std::min<long>(PATHS_PER_NODE * (end - first), std::numeric_limits<int32_t>::max() - 1))
    {
        for (long i = first; i < end; ++i) {
            Node &node = nodes_[i];
            if (node.rest == 0)
                continue;
            node.tree = node.rest > 0 ? SOURCE : SINK;
            node.parent = TERMINAL;
            node.distance = 1;
            activate(i);
        }
    }

    void run()
    {
        while (head_ != NONE)
            if (nodes_[head_].tree == FREE || !grow(head_))
                retire();
            else if (--paths_left_ == 0)
                return;
    }

private:
    // A bound against rounding, which could let the same flow go round for ever if costs differ by many orders. An
    // incomplete cut does no harm: what switches is judged by its energy. Real images need less than one path per node.
    static const long PATHS_PER_NODE = 100;

    Node *const nodes_;
    Arc *const arcs_;
    const long slots_;
    long paths_left_;
    int32_t head_ = NONE, tail_ = NONE;  // of the queue of active nodes
    int32_t time_ = 0;                   // paths so far
    std::vector<int32_t> orphans_;

    Arc &arc(int32_t i, long slot) { return arcs_[i * slots_ + slot]; }
    int32_t parent_of(int32_t i) { return arc(i, nodes_[i].parent).other; }

    // The arc along which flow from the source, or to the sink, passes between a node and one farther away at a slot.
    Arc &outward(int32_t i, long slot, Tree tree)
    {
        Arc &here = arc(i, slot);
        return tree == SOURCE ? here : arc(here.other, slot ^ 1);
    }
    // The same where the other node is the nearer one.
    Arc &inward(int32_t i, long slot, Tree tree) { return outward(i, slot, tree == SOURCE ? SINK : SOURCE); }

    void activate(int32_t i)
    {
        if (nodes_[i].next != NONE)
            return;
        (head_ == NONE ? head_ : nodes_[tail_].next) = i;
        nodes_[i].next = tail_ = i;
    }

    void retire()
    {
        const int32_t next = nodes_[head_].next;
        nodes_[head_].next = NONE;
        head_ = next == head_ ? NONE : next;
    }

    void set_parent(int32_t i, long slot, int32_t time, int32_t distance)
    {
        nodes_[i].parent = slot;
        nodes_[i].time = time;
        nodes_[i].distance = distance;
    }

    // Takes free neighbours into the node's tree. True if it has met the other tree, and flow was sent.
    bool grow(int32_t i)
    {
        const Node &node = nodes_[i];
        for (long slot = 0; slot < slots_; ++slot) {
            const int32_t other = arc(i, slot).other;
            if (other == NONE || !(outward(i, slot, node.tree).rest > 0))
                continue;
            Node &neighbour = nodes_[other];
            const bool is_free = neighbour.tree == FREE;
            if (!is_free && neighbour.tree != node.tree) {
                if (node.tree == SOURCE)
                    augment(i, slot);
                else
                    augment(other, slot ^ 1);
                return true;
            }
            if (is_free || (neighbour.time <= node.time && neighbour.distance > node.distance + 1))
                set_parent(other, slot ^ 1, node.time, node.distance + 1);
            if (is_free) {
                neighbour.tree = node.tree;
                activate(other);
            }
        }
        return false;
    }

    // Sends as much flow as possible along the path over a slot from node i, in the source's tree.
    void augment(int32_t i, long slot)
    {
        const int32_t other = arc(i, slot).other;
        const float flow = most_flow(other, most_flow(i, arc(i, slot).rest));
        arc(i, slot).rest -= flow;
        arc(other, slot ^ 1).rest += flow;
        send(i, flow);
        send(other, flow);
        ++time_;
        for (size_t next = 0; next < orphans_.size(); ++next)
            adopt(orphans_[next]);
        orphans_.clear();
    }

    // The most flow, up to `flow`, that can pass between a node and its terminal.
    float most_flow(int32_t i, float flow)
    {
        const Tree tree = nodes_[i].tree;
        for (; nodes_[i].parent != TERMINAL; i = parent_of(i))
            flow = std::min(flow, inward(i, nodes_[i].parent, tree).rest);
        return std::min(flow, std::abs(nodes_[i].rest));
    }

    void send(int32_t i, float flow)
    {
        const Tree tree = nodes_[i].tree;
        while (nodes_[i].parent != TERMINAL) {
            const long slot = nodes_[i].parent;
            const int32_t parent = parent_of(i);
            Arc &along = inward(i, slot, tree);
            along.rest -= flow;
            outward(i, slot, tree).rest += flow;
            if (!(along.rest > 0))
                set_orphan(i);
            i = parent;
        }
        nodes_[i].rest -= tree == SOURCE ? flow : -flow;
        if (nodes_[i].rest == 0)
            set_orphan(i);
    }

    void set_orphan(int32_t i)
    {
        nodes_[i].parent = ORPHAN;
        orphans_.push_back(i);
    }

    // Finds another parent, the nearest to the terminal, or sets the orphan and its tree's branch free.
    void adopt(int32_t i)
    {
        const Tree tree = nodes_[i].tree;
        int32_t least = FAR;
        for (long slot = 0; slot < slots_; ++slot) {
            const int32_t other = arc(i, slot).other;
            if (other == NONE || nodes_[other].tree != tree || !(inward(i, slot, tree).rest > 0))
                continue;
            const int32_t distance = distance_of(other);
            if (distance < least) {
                least = distance;
                set_parent(i, slot, time_, distance + 1);
            }
        }
        if (least < FAR)
            return;
        for (long slot = 0; slot < slots_; ++slot) {
            const int32_t other = arc(i, slot).other;
            if (other == NONE || nodes_[other].tree != tree)
                continue;
            if (inward(i, slot, tree).rest > 0)
                activate(other);
            if (nodes_[other].parent == long(slot ^ 1))
                set_orphan(other);
        }
        nodes_[i].tree = FREE;
    }

    static const int32_t FAR = std::numeric_limits<int32_t>::max();

    // A node's distance to its terminal, which its ancestors note; FAR if an orphan is on the way.
    int32_t distance_of(int32_t i)
    {
        int32_t distance = 0;
        for (int32_t at = i;; at = parent_of(at)) {
            if (nodes_[at].parent == ORPHAN)
                return FAR;
            if (nodes_[at].time == time_) {
                distance += nodes_[at].distance;
                break;
            }
            ++distance;
            if (nodes_[at].parent == TERMINAL)
                break;
        }
        for (int32_t left = distance; nodes_[i].time != time_; --left) {
            nodes_[i].time = time_;
            nodes_[i].distance = left;
            if (nodes_[i].parent == TERMINAL)
                break;
            i = parent_of(i);
        }
        return distance;
    }
};

inline void MinimumCut::solve(long first, long end) { Search(*this, first, end).run(); }

}  // namespace crf
