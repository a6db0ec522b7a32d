// Hierarchical modular minorants of chains (Shekhovtsov et al. 2016, arXiv 1601.06274), LANES at a time.
//
// Included for one instruction set (see instruction_sets.hpp). A segment [first, last] is cut at its
// middle edge, the min-marginals there are shared between the halves by their sizes, and each half, now a
// chain with a new boundary cost, is cut in turn. Three facts keep the work and the memory small:
//
// - A message may be off by a constant. A constant on all labels of a node does not change the order of labellings,
//   and as u flows into one end of an edge and -u (but for Potts and other metrics its message) into the other, sums
//   over the chain are kept. The constant is taken out every few nodes, so nothing grows along the chain and single
//   precision is enough.
// - Cutting changes one boundary of each half only. The messages that come from the other boundary stay
//   valid up to the half's own middle; only those from the new boundary are passed again.
// - Few sums of cost and incoming message are needed again: those at the edges that will be cut, at the middle, halfway
//   to it, and so on. They form a trail. The flow u over an edge is needed only until the nodes at its ends are
//   finished. So besides the costs only a few nodes' sums and flows exist at a time, on a stack.

const unsigned long CONSTANT_TAKEN_OUT = 8;  // messages to nodes at multiples of this are shifted to a minimum of 0

inline long middle(long first, long last) { return first + (last - first) / 2; }

// The least of value(0) to value(labels - 1). Four partial minima keep the comparisons from waiting for each other.
template <class Value>
ALWAYS_INLINE Lanes least_over(long labels, Value value)
{
    Lanes least_0 = value(0), least_1 = least_0, least_2 = least_0, least_3 = least_0;
    long k = 1;
    for (; k + 3 < labels; k += 4) {
        least_0 = minimum(least_0, value(k));
        least_1 = minimum(least_1, value(k + 1));
        least_2 = minimum(least_2, value(k + 2));
        least_3 = minimum(least_3, value(k + 3));
    }
    for (; k < labels; ++k)
        least_0 = minimum(least_0, value(k));
    return minimum(minimum(least_0, least_1), minimum(least_2, least_3));
}

inline Lanes least_of(const Lanes *values, long labels)
{
    return least_over(labels, [&](long k) { return values[k]; });
}

// sums = cost + message, where the Potts message is min(from, min from + weight), less min from where the constant is
// taken out. Returns the minimum of sums.
template <bool constant_taken_out>
ALWAYS_INLINE Lanes pass_message(const Lanes *from, Lanes least, Lanes weight, const Lanes *cost, Lanes *sums,
                                 long labels)
{
    const Lanes most = constant_taken_out ? weight : least + weight, constant = -least;
    return least_over(labels, [&](long k) {
        return sums[k] = minimum(most, constant_taken_out ? from[k] + constant : from[k]) + cost[k];
    });
}

// Sums of cost and incoming message at one node.
struct Sums {
    const Lanes *values;  // [labels]
    Lanes least;
};

// Messages on their way from a boundary of a segment to its middle edge, to the right (step 1) or to the left (-1).
// They leave a trail of the sums that are needed again, the farthest first, the boundary's own costs last.
template <int step, class Block, bool reads_first = false>
class Front {
public:
    Front(Block &block, long boundary, Lanes least, long edges, Sums *trail)
        : block_(&block), node_(boundary), here_{block.cost_at(boundary), least}, edges_(edges), trail_(trail)
    {
        while (offset(halvings_) > 0)
            ++halvings_;
        leave_behind();
    }

    ALWAYS_INLINE void pass()
    {
        const long next = node_ + step;
        if (reads_first)
            block_->ask_for(next + step * NODES_AHEAD, block_->labels);
        const bool left_behind = ++passed_ == pause_;
        Lanes *sums = left_behind ? block_->push() : block_->passing[step > 0][next & 1];
        const Lanes weight = block_->edge[step > 0 ? node_ : next];
        const Lanes least = next % CONSTANT_TAKEN_OUT
            ? Model::template pass<step, false>(*block_, here_, weight, block_->cost_at(next), sums)
            : Model::template pass<step, true>(*block_, here_, weight, block_->cost_at(next), sums);
        here_ = {sums, least};
        node_ = next;
        if (left_behind)
            leave_behind();
    }

private:
    typedef typename Block::Model Model;
    Block *block_;
    long node_;
    Sums here_;
    long edges_;
    Sums *trail_;
    long passed_ = 0, halvings_ = 0;  // edges passed; halvings of the way that lead to the trail's next sums
    long pause_;                      // the distance of these sums from the boundary

    void leave_behind()
    {
        trail_[halvings_--] = here_;
        pause_ = offset(halvings_);
    }

    // The middle edge of n nodes has (n - 1) / 2 edges on its left, (n - 2) / 2 on its right.
    long offset(long halvings) const
    {
        return halvings < 0 ? 0 : step > 0 ? edges_ >> halvings : ((edges_ + 1) >> halvings) - 1;
    }
};

// Passes messages over `forward` and `backward` edges in turns. They are independent, so each hides the other's
// latency.
template <class ToTheRight, class ToTheLeft>
ALWAYS_INLINE void pass_messages(ToTheRight &to_the_right, long forward, ToTheLeft &to_the_left, long backward)
{
    while (forward > 0 || backward > 0) {
        if (forward-- > 0)
            to_the_right.pass();
        if (backward-- > 0)
            to_the_left.pass();
    }
}

// The Potts flow over the edge (l, l + 1) of a segment, where the left half gets `share` of the min-marginals. With the
// excess, share * min-marginals - the left half's message, it is excess - min excess, at most the edge's weight. What
// flows out of the left end is what flows into the right.
template <class Block>
class PottsFlow {
public:
    // `excess` is room for [labels].
    ALWAYS_INLINE PottsFlow(const Block &block, long l, float share, const Sums &left, const Sums &right, Lanes *excess)
        : excess_(excess), weight_(block.edge[l])
    {
        const Lanes most = left.least + weight_;
        constant_ = -least_over(block.labels, [&](long k) {
            const Lanes message = minimum(most, left.values[k]);
            return excess[k] = (message + right.values[k]) * share - message;
        });
    }
    ALWAYS_INLINE Lanes operator[](long k) const { return minimum(weight_, excess_[k] + constant_); }
    const PottsFlow &out() const { return *this; }
    const PottsFlow &in() const { return *this; }
    // The flow into the right end in memory, once `out` was written over the excess.
    const Lanes *in_memory() const { return excess_; }

private:
    const Lanes *excess_;
    Lanes weight_, constant_;
};

struct Potts {
    template <class Block>
    using Flow = PottsFlow<Block>;
    static const long FLOWS = 1;  // arrays [labels] per flow

    template <int step, bool constant_taken_out, class Block>
    static ALWAYS_INLINE Lanes pass(const Block &block, const Sums &from, Lanes weight, const Lanes *cost, Lanes *sums)
    {
        return pass_message<constant_taken_out>(from.values, from.least, weight, cost, sums, block.labels);
    }
};

const int LONGEST_TRAIL = 33;  // no chain's length can be halved more often

// A part of the chains, with the trails of the messages from its two ends, and the flows over the edges at its ends,
// which are zero at the ends of the chain.
struct Segment {
    long first, last;
    const Sums *from_left, *from_right;
    const Lanes *flow_in, *flow_out;
};

// Cuts a segment down to single nodes. Calls `finish(node, minorant, flow_in, flow_out)` for each from left to right;
// the minorant and the flows over the node's edges are functions or arrays of the label.
template <class Block, class Finish>
void divide(Block &block, const Segment &segment, Finish &finish)
{
    const long first = segment.first, last = segment.last, l = middle(first, last);
    Lanes *const cost_l = block.cost_at(l);
    if (first == last) {
        finish(first, [&](long k) { return cost_l[k]; }, segment.flow_in, segment.flow_out);
        return;
    }
    typedef typename Block::Model Model;
    Lanes *const cost_next = block.cost_at(l + 1), *const top = block.top, *const flow = block.push();
    for (long i = 1; i < Model::FLOWS; ++i)
        block.push();
    const float share = float(l - first + 1) / float(last - first + 1);
    const typename Model::template Flow<Block> cut(block, l, share, *segment.from_left, *segment.from_right, flow);
    if (last == first + 1) {
        const auto &out = cut.out();
        const auto &in = cut.in();
        finish(first, [&](long k) { return cost_l[k] + out[k]; }, segment.flow_in, out);
        finish(last, [&](long k) { return cost_next[k] - in[k]; }, in, segment.flow_out);
        block.top = top;
        return;
    }
    Sums from_l[LONGEST_TRAIL], from_next[LONGEST_TRAIL];
    const Lanes least_l = least_over(block.labels, [&](long k) {
        flow[k] = cut.out()[k];
        return cost_l[k] += flow[k];
    });
    const Lanes *const flow_in = cut.in_memory();
    const Lanes least_next = least_over(block.labels, [&](long k) { return cost_next[k] -= flow_in[k]; });
    const long forward = middle(l + 1, last) - (l + 1), backward = std::max(l - middle(first, l) - 1, 0L);
    Front<1, Block> to_the_right(block, l + 1, least_next, forward, from_next);
    Front<-1, Block> to_the_left(block, l, least_l, backward, from_l);
    pass_messages(to_the_right, forward, to_the_left, backward);
    divide(block, {first, l, segment.from_left + 1, from_l, segment.flow_in, flow}, finish);
    divide(block, {l + 1, last, from_next, segment.from_right + 1, flow_in, segment.flow_out}, finish);
    block.top = top;
}

// Computes the minorant of every chain of the block. `read(first, next)` reads the costs of LANES nodes just before the
// messages reach these, from both ends inwards; `next` is the tile to read after it.
template <class Block, class Read, class Finish>
void find_minorant(Block &block, Read read, Finish &finish)
{
    const long last = block.length - 1, l = middle(0, last), right_end = std::min(l + 1, last);
    long left = 0, right = last;               // the nodes that the messages have reached
    long from = 0, to = last / LANES * LANES;  // the tiles to read next
    const auto read_both = [&] {
        read(from, std::min(to, from + LANES));
        if (to > from)
            read(to, std::max(from, to - LANES));
    };
    read_both();
    Sums from_left[LONGEST_TRAIL], from_right[LONGEST_TRAIL];
    Front<1, Block, true> to_the_right(block, 0, least_of(block.cost_at(0), block.labels), l, from_left);
    Front<-1, Block, true> to_the_left(block, last, least_of(block.cost_at(last), block.labels), last - right_end,
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
    divide(block, {0, last, from_left, from_right, block.no_flow, block.no_flow}, finish);
}
