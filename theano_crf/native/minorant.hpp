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
//   be cut are looked at again: at the middle, the middle of the way there, and so on: a trail. And the flow u
//   over an edge is wanted only until the nodes at its ends are finished. So besides the costs there are
//   never more than a few nodes' sums and flows, in a stack.

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

// Sums of cost and incoming message at one node.
struct Sums {
    const Lanes *values;  // [labels]
    Lanes least;
};

// Messages on their way from a boundary of a segment to its middle edge; they leave a trail of those sums that are
// looked at again, the farthest first, the boundary's own costs last.
template <int step, class Block>  // 1: to the right; -1: to the left
class Front {
public:
    Front(Block &block, long boundary, Lanes least, long edges, Sums *trail)
        : block_(block), node_(boundary), here_{block.cost_at(boundary), least}, edges_(edges), trail_(trail)
    {
        while (offset(halvings_) > 0)
            ++halvings_;
        trail_[halvings_--] = here_;
    }

    ALWAYS_INLINE void pass()
    {
        const long next = node_ + step;
        const bool left_behind = ++passed_ == offset(halvings_);
        Lanes *sums = left_behind ? block_.push() : block_.passing[step > 0][next & 1];
        const Lanes weight = block_.edge[step > 0 ? node_ : next];
        const Lanes least = next % CONSTANT_TAKEN_OUT
            ? pass_message<false>(here_.values, here_.least, weight, block_.cost_at(next), sums, block_.labels)
            : pass_message<true>(here_.values, here_.least, weight, block_.cost_at(next), sums, block_.labels);
        here_ = {sums, least};
        node_ = next;
        if (left_behind)
            trail_[halvings_--] = here_;
    }

private:
    Block &block_;
    long node_;
    Sums here_;
    const long edges_;
    Sums *trail_;
    long passed_ = 0, halvings_ = 0;  // of the way, up to the next sums that are looked at again

    // How far from the boundary the sums lie that are looked at again after so many halvings of the way. The
    // middle edge of n nodes has (n - 1) / 2 edges on its left, (n - 2) / 2 on its right.
    long offset(long halvings) const
    {
        return halvings < 0 ? 0 : step > 0 ? edges_ >> halvings : ((edges_ + 1) >> halvings) - 1;
    }
};

// Pass messages over `forward` and `backward` edges in turns: the two are independent, so one hides the
// other's latency.
template <class Block>
void pass_messages(Front<1, Block> &to_the_right, long forward, Front<-1, Block> &to_the_left, long backward)
{
    while (forward > 0 || backward > 0) {
        if (forward-- > 0)
            to_the_right.pass();
        if (backward-- > 0)
            to_the_left.pass();
    }
}

// The flow over the edge (l, l + 1) of the segment where the left half gets `share` of the min-marginals.
template <class Block>
void find_flow(const Block &block, long l, float share, const Sums &left, const Sums &right, Lanes *flow)
{
    const Lanes weight = block.edge[l], most = left.least + weight;
    Lanes even = infinity(), odd = even;
    const auto exceed = [&](long k) {
        const Lanes message = minimum(left.values[k], most);
        return flow[k] = (message + right.values[k]) * share - message;
    };
    long k = 0;
    for (; k + 1 < block.labels; k += 2) {
        even = minimum(even, exceed(k));
        odd = minimum(odd, exceed(k + 1));
    }
    if (k < block.labels)
        even = minimum(even, exceed(k));
    const Lanes least_excess = minimum(even, odd);
    for (k = 0; k < block.labels; ++k)
        flow[k] = minimum(flow[k] - least_excess, weight);
}

// The least of costs += sign * flow.
template <int sign>
ALWAYS_INLINE Lanes add_flow(const Lanes *flow, Lanes *costs, long labels)
{
    Lanes even = infinity(), odd = even;
    const auto add = [&](long k) { return costs[k] = sign > 0 ? costs[k] + flow[k] : costs[k] - flow[k]; };
    long k = 0;
    for (; k + 1 < labels; k += 2) {
        even = minimum(even, add(k));
        odd = minimum(odd, add(k + 1));
    }
    if (k < labels)
        even = minimum(even, add(k));
    return minimum(even, odd);
}

const int LONGEST_TRAIL = 33;  // as often can a chain's length be halved

// A part of the chains, with the trails that messages from its two ends left and the flows over the edges at its
// ends; null: there is no such edge.
struct Segment {
    long first, last;
    const Sums *from_left, *from_right;
    const Lanes *flow_in, *flow_out;
};

// Cut a segment down to single nodes. `finish(node, flow_in, flow_out)` is called for each, from left to right; its
// cost is the minorant then if finish.needs_costs.
template <class Block, class Finish>
void divide(Block &block, const Segment &segment, Finish &finish)
{
    const long first = segment.first, last = segment.last, l = middle(first, last);
    if (first == last) {
        finish(first, segment.flow_in, segment.flow_out);
        return;
    }
    Lanes *const top = block.top;
    Lanes *flow = block.push();
    find_flow(block, l, float(l - first + 1) / float(last - first + 1), *segment.from_left, *segment.from_right, flow);
    Sums from_l[LONGEST_TRAIL], from_next[LONGEST_TRAIL];
    if (last > first + 1 || finish.needs_costs) {
        const Lanes least_left = add_flow<1>(flow, block.cost_at(l), block.labels);
        const Lanes least_right = add_flow<-1>(flow, block.cost_at(l + 1), block.labels);
        const long forward = middle(l + 1, last) - (l + 1), backward = std::max(l - middle(first, l) - 1, 0L);
        Front<1, Block> to_the_right(block, l + 1, least_right, forward, from_next);
        Front<-1, Block> to_the_left(block, l, least_left, backward, from_l);
        pass_messages(to_the_right, forward, to_the_left, backward);
    }
    divide(block, {first, l, segment.from_left + 1, from_l, segment.flow_in, flow}, finish);
    divide(block, {l + 1, last, from_next, segment.from_right + 1, flow, segment.flow_out}, finish);
    block.top = top;
}

// The minorant of every chain of the block. `read(first)` brings in the costs of LANES nodes; it is called
// just before the messages pass these, from both ends inwards.
template <class Block, class Read, class Finish>
void find_minorant(Block &block, Read read, Finish &finish)
{
    const long last = block.length - 1, l = middle(0, last), right_end = std::min(l + 1, last);
    long left = 0, right = last;               // how far the messages have come
    long from = 0, to = last / LANES * LANES;  // the tiles to read next
    const auto read_both = [&] {
        read(from, std::min(to, from + LANES));
        if (to > from)
            read(to, std::max(from, to - LANES));
    };
    read_both();
    Sums from_left[LONGEST_TRAIL], from_right[LONGEST_TRAIL];
    Front<1, Block> to_the_right(block, 0, least_of(block.cost_at(0), block.labels), l, from_left);
    Front<-1, Block> to_the_left(block, last, least_of(block.cost_at(last), block.labels), last - right_end,
                                 from_right);
    while (from <= to) {
        if (from > 0)
            read_both();
        const bool all = from + LANES >= to;
        const long stop_left = all ? l : from + LANES - 1, stop_right = all ? right_end : to;
        pass_messages(to_the_right, stop_left - left, to_the_left, right - stop_right);
        left = stop_left;
        right = stop_right;
        from += LANES;
        to -= LANES;
    }
    divide(block, {0, last, from_left, from_right, nullptr, nullptr}, finish);
}
