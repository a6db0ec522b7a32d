// Hierarchical modular minorants of Potts chains (Shekhovtsov et al. 2016, arXiv 1601.06274), LANES at a
// time.
//
// Included once for each instruction set (see instruction_sets.hpp). A segment [first, last] is cut at its
// middle edge, the min-marginals there are shared between the halves by their sizes, and each half, now a
// chain with a new boundary cost, is cut in turn. Three facts keep the work and the memory small:
//
// - A constant added to all labels of a node changes no labelling's rank, and as u flows into one end of an
//   edge and -u into the other, sums over the chain are kept. So every message is taken with minimum 0,
//   min(a - min a, w): nothing grows along the chain, and single precision is enough.
// - Cutting changes one boundary of each half only. The messages that come from the other boundary stay
//   valid up to the half's own middle; only those from the new boundary are passed anew. `sums` holds for
//   each node the one valid sum of cost and incoming message: from the left in the left half of a segment,
//   from the right in the right half. At the two ends of a segment this sum is the cost itself.
// - So sums[l + 1] is free once the edge (l, l + 1) is cut, and keeps that edge's u. In the end the
//   direction withholds sums[i] - sums[i + 1] at node i.

inline long middle(long first, long last) { return first + (last - first) / 2; }

// sums = cost + message(from, weight), for Potts min(from - min from, weight); returns the minimum of sums.
ALWAYS_INLINE Lanes pass_message(const Lanes *from, Lanes least, Lanes weight, const Lanes *cost, Lanes *sums,
                                 long labels)
{
    Lanes even = broadcast(std::numeric_limits<float>::infinity()), odd = even;
    long k = 0;
    for (; k + 1 < labels; k += 2) {
        sums[k] = cost[k] + minimum(from[k] - least, weight);
        sums[k + 1] = cost[k + 1] + minimum(from[k + 1] - least, weight);
        even = minimum(even, sums[k]);
        odd = minimum(odd, sums[k + 1]);
    }
    if (k < labels) {
        sums[k] = cost[k] + minimum(from[k] - least, weight);
        even = minimum(even, sums[k]);
    }
    return minimum(even, odd);
}

inline Lanes least_of(const Lanes *values, long labels)
{
    Lanes least = values[0];
    for (long k = 1; k < labels; ++k)
        least = minimum(least, values[k]);
    return least;
}

// Pass messages over `forward` edges to the right of node `left`, whose costs and what comes in are
// `from_left`, and over `backward` edges to the left of node `right`, taken in turns: the two are
// independent, so one hides the other's latency.
inline void pass_messages(Block &block, long left, const Lanes *from_left, long forward, long right,
                          const Lanes *from_right, long backward)
{
    while (forward > 0 || backward > 0) {
        if (forward > 0) {
            Lanes *sums = block.sums_at(left + 1);
            block.least[left + 1] = pass_message(from_left, block.least[left], block.edge[left],
                                                 block.cost_at(left + 1), sums, block.labels);
            from_left = sums;
            ++left;
            --forward;
        }
        if (backward > 0) {
            Lanes *sums = block.sums_at(right - 1);
            block.least[right - 1] = pass_message(from_right, block.least[right], block.edge[right - 1],
                                                  block.cost_at(right - 1), sums, block.labels);
            from_right = sums;
            --right;
            --backward;
        }
    }
}

// Cut the edge (l, l + 1) of the segment: the left half gets the part of the min-marginals that is its part
// of the nodes.
inline void cut(Block &block, long first, long l, long last)
{
    const long labels = block.labels;
    const float share = float(l - first + 1) / float(last - first + 1);
    const Lanes weight = block.edge[l], least = block.least[l];
    const Lanes *left = l == first ? block.cost_at(l) : block.sums_at(l);
    const Lanes *right = l + 1 == last ? block.cost_at(last) : block.sums_at(l + 1);
    Lanes *cost_left = block.cost_at(l), *cost_right = block.cost_at(l + 1), *flow = block.sums_at(l + 1);
    Lanes *excess = block.scratch;

    Lanes least_excess = broadcast(std::numeric_limits<float>::infinity());
    for (long k = 0; k < labels; ++k) {
        const Lanes message = minimum(left[k] - least, weight);
        excess[k] = (message + right[k]) * share - message;
        least_excess = minimum(least_excess, excess[k]);
    }
    Lanes least_left = broadcast(std::numeric_limits<float>::infinity()), least_right = least_left;
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

// Cut [first, last] down to single nodes. `finish(node)` is called for each, from left to right, once its
// cost is the minorant and sums[node], sums[node + 1] are the flows over its edges.
template <class Finish>
void divide(Block &block, long first, long last, Finish &finish)
{
    if (first == last) {
        finish(first);
        return;
    }
    const long l = middle(first, last);
    cut(block, first, l, last);
    pass_messages(block, l + 1, block.cost_at(l + 1), middle(l + 1, last) - (l + 1),
                  l, block.cost_at(l), l - 1 - middle(first, l));
    divide(block, first, l, finish);
    divide(block, l + 1, last, finish);
}

// The minorant of every chain of the block. `read(first)` brings in the costs of LANES nodes; it is called
// just before the messages pass these, from both ends inwards.
template <class Read, class Finish>
void find_minorant(Block &block, Read read, Finish &finish)
{
    const long last = block.length - 1, l = middle(0, last);
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
        const long stop_left = all ? l : from + LANES - 1, stop_right = all ? std::min(l + 1, last) : to;
        pass_messages(block, left, left == 0 ? block.cost_at(0) : block.sums_at(left), stop_left - left,
                      right, right == last ? block.cost_at(last) : block.sums_at(right), right - stop_right);
        left = stop_left;
        right = stop_right;
        from += LANES;
        to -= LANES;
    }
    divide(block, 0, last, finish);
}
