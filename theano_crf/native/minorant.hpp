// Hierarchical modular minorants of Potts chains (Shekhovtsov et al. 2016, arXiv 1601.06274), LANES at a
// time.
//
// Included once for each instruction set (see instruction_sets.hpp). A segment [first, last] is cut at its
// middle edge, the min-marginals there are shared between the halves by their sizes, and each half, now a
// chain with a new boundary cost, is cut in turn. What keeps the work and the memory small:
//
// - A constant added to all labels of a node changes no labelling's rank, and as u flows into one end of an
//   edge and -u into the other, sums over the chain are kept. So a message may be off by a constant, which is
//   taken out at every few nodes: nothing grows along the chain, and single precision is enough.
// - Cutting changes one boundary of each half only. The messages that come from the other boundary stay
//   valid up to the half's own middle; only those from the new boundary are passed anew.
// - Of all the sums of cost and incoming message on the way from a boundary only those at the edges that will
//   be cut are looked at again: at the middle, the middle of the way there, and so on. The others live in
//   first-level cache until the next node's are there.
// - sums[l + 1] is free once the edge (l, l + 1) is cut, and keeps that edge's u. In the end the
//   direction withholds sums[i] - sums[i + 1] at node i.

const long CONSTANT_TAKEN_OUT = 8;  // nodes from one at which messages get minimum 0 to the next

inline long middle(long first, long last) { return first + (last - first) / 2; }

ALWAYS_INLINE Lanes infinity() { return broadcast(std::numeric_limits<float>::infinity()); }

// sums = cost + message(from, weight), for Potts min(from, min from + weight), less min from where the
// constant is taken out; returns the minimum of sums.
template <bool constant_taken_out>
ALWAYS_INLINE Lanes pass_message(const Lanes *from, Lanes least, Lanes weight, const Lanes *cost, Lanes *sums,
                                 long labels)
{
    const Lanes most = constant_taken_out ? weight : least + weight;
    const auto sum = [&](long k) {
        const Lanes message = minimum(constant_taken_out ? from[k] - least : from[k], most);
        return sums[k] = cost[k] + message;
    };
    // Four minima, as each takes longer than the rest of a label's work.
    Lanes least_0 = infinity(), least_1 = least_0, least_2 = least_0, least_3 = least_0;
    long k = 0;
    for (; k + 3 < labels; k += 4) {
        least_0 = minimum(least_0, sum(k));
        least_1 = minimum(least_1, sum(k + 1));
        least_2 = minimum(least_2, sum(k + 2));
        least_3 = minimum(least_3, sum(k + 3));
    }
    for (; k < labels; ++k)
        least_0 = minimum(least_0, sum(k));
    return minimum(minimum(least_0, least_1), minimum(least_2, least_3));
}

inline Lanes least_of(const Lanes *values, long labels)
{
    Lanes least = values[0];
    for (long k = 1; k < labels; ++k)
        least = minimum(least, values[k]);
    return least;
}

// Messages on their way from a boundary, whose costs are a segment's, to the segment's middle edge.
template <int step>  // 1: to the right; -1: to the left
class Front {
public:
    Front(Block &block, long boundary, long edges)
        : block_(block), node_(boundary), sums_(block.cost_at(boundary)), edges_(edges)
    {
        while (offset(halvings_ + 1) > 0)
            ++halvings_;
    }

    void pass()
    {
        const long next = node_ + step;
        Lanes *sums = block_.passing[step > 0][next & 1];
        if (++passed_ == offset(halvings_)) {
            sums = block_.sums_at(next);
            --halvings_;
        }
        const Lanes weight = block_.edge[step > 0 ? node_ : next];
        block_.least[next] = next % CONSTANT_TAKEN_OUT
            ? pass_message<false>(sums_, block_.least[node_], weight, block_.cost_at(next), sums, block_.labels)
            : pass_message<true>(sums_, block_.least[node_], weight, block_.cost_at(next), sums, block_.labels);
        sums_ = sums;
        node_ = next;
    }

private:
    Block &block_;
    long node_;
    const Lanes *sums_;
    const long edges_;
    long passed_ = 0, halvings_ = 0;  // up to the next sums that are looked at again

    // How far from the boundary the sums lie that are looked at again after so many halvings of the way. The
    // middle edge of n nodes has (n - 1) / 2 edges on its left, (n - 2) / 2 on its right.
    long offset(long halvings) const
    {
        return step > 0 ? edges_ >> halvings : ((edges_ + 1) >> halvings) - 1;
    }
};

// Pass messages over `forward` and `backward` edges in turns: the two are independent, so one hides the
// other's latency.
inline void pass_messages(Front<1> &to_the_right, long forward, Front<-1> &to_the_left, long backward)
{
    while (forward > 0 || backward > 0) {
        if (forward-- > 0)
            to_the_right.pass();
        if (backward-- > 0)
            to_the_left.pass();
    }
}

// Cut the edge (l, l + 1) of the segment: the left half gets the part of the min-marginals that is its part
// of the nodes. With no_costs, the halves are single nodes whose minorants nobody asks for.
template <bool no_costs>
inline void cut(Block &block, long first, long l, long last)
{
    const long labels = block.labels;
    const float share = float(l - first + 1) / float(last - first + 1);
    const Lanes weight = block.edge[l], most = block.least[l] + weight;
    const Lanes *left = l == first ? block.cost_at(l) : block.sums_at(l);
    const Lanes *right = l + 1 == last ? block.cost_at(last) : block.sums_at(l + 1);
    Lanes *cost_left = block.cost_at(l), *cost_right = block.cost_at(l + 1), *flow = block.sums_at(l + 1);
    Lanes *excess = block.scratch;

    Lanes even = infinity(), odd = even;
    long k = 0;
    const auto exceed = [&](long k) {
        const Lanes message = minimum(left[k], most);
        return excess[k] = (message + right[k]) * share - message;
    };
    for (; k + 1 < labels; k += 2) {
        even = minimum(even, exceed(k));
        odd = minimum(odd, exceed(k + 1));
    }
    if (k < labels)
        even = minimum(even, exceed(k));
    const Lanes least_excess = minimum(even, odd);
    if (no_costs) {
        for (long k = 0; k < labels; ++k)
            flow[k] = minimum(excess[k] - least_excess, weight);
        return;
    }
    Lanes least_left = infinity(), least_right = least_left;
    for (long k = 0; k < labels; ++k) {
        flow[k] = minimum(excess[k] - least_excess, weight);
        cost_left[k] += flow[k];
        cost_right[k] -= flow[k];
        least_left = minimum(least_left, cost_left[k]);
        least_right = minimum(least_right, cost_right[k]);
    }
    block.least[l] = least_left;
    block.least[l + 1] = least_right;
}

// Cut [first, last] down to single nodes. `finish(node)` is called for each, from left to right, once
// sums[node], sums[node + 1] are the flows over its edges and, if finish.needs_costs, its cost is the
// minorant.
template <class Finish>
void divide(Block &block, long first, long last, Finish &finish)
{
    if (first == last) {
        finish(first);
        return;
    }
    const long l = middle(first, last);
    if (last == first + 1 && !finish.needs_costs) {
        cut<true>(block, first, l, last);
    } else {
        cut<false>(block, first, l, last);
        const long forward = middle(l + 1, last) - (l + 1), backward = l - middle(first, l) - 1;
        Front<1> to_the_right(block, l + 1, forward);
        Front<-1> to_the_left(block, l, backward);
        pass_messages(to_the_right, forward, to_the_left, backward);
    }
    divide(block, first, l, finish);
    divide(block, l + 1, last, finish);
}

// The minorant of every chain of the block. `read(first)` brings in the costs of LANES nodes; it is called
// just before the messages pass these, from both ends inwards.
template <class Read, class Finish>
void find_minorant(Block &block, Read read, Finish &finish)
{
    const long last = block.length - 1, l = middle(0, last), right_end = std::min(l + 1, last);
    Front<1> to_the_right(block, 0, l);
    Front<-1> to_the_left(block, last, last - right_end);
    long left = 0, right = last;               // how far the messages have come
    long from = 0, to = last / LANES * LANES;  // the tiles to read next
    while (from <= to) {
        read(from, std::min(to, from + LANES));
        if (to > from)
            read(to, std::max(from, to - LANES));
        if (from == 0) {
            block.least[0] = least_of(block.cost_at(0), block.labels);
            block.least[last] = least_of(block.cost_at(last), block.labels);
        }
        const bool all = from + LANES >= to;
        const long stop_left = all ? l : from + LANES - 1, stop_right = all ? right_end : to;
        pass_messages(to_the_right, stop_left - left, to_the_left, right - stop_right);
        left = stop_left;
        right = stop_right;
        from += LANES;
        to -= LANES;
    }
    divide(block, 0, last, finish);
}
