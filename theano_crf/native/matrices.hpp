// Messages and flows of label compatibilities, which may be directed and need not be metrics: O(labels^2) each.
//
// Included for one instruction set (see instruction_sets.hpp).

struct Matrices;

// A block of chains whose edges have the costs weight * mu(k, l); k is the label of an edge's left node.
struct MatrixBlock : Block {
    const float *by_left;   // mu(k, l) at [k][l]
    const float *by_right;  // mu(k, l) at [l][k]
    typedef Matrices Model;
    using Block::Block;
};

// As BlockOf.
template <long LABELS>
struct MatrixBlockOf : MatrixBlock {
    static const long labels = LABELS;
    using MatrixBlock::MatrixBlock;
};

const long TOGETHER = 4;  // labels whose minima are found at once, so that each source is loaded once for them

// Calls out(i, min_k from[k] + weight * costs[i * labels + k]) for `count` labels, i = first, ...
template <long count, class Block, class Out>
ALWAYS_INLINE void least_sums_of(const Block &block, const float *costs, const Lanes *from, Lanes weight, long first,
                                 Out out)
{
    const float *rows = costs + first * block.labels;
    Lanes least[count];
    for (long i = 0; i < count; ++i)
        least[i] = from[0] + weight * rows[i * block.labels];
    for (long k = 1; k < block.labels; ++k)
        for (long i = 0; i < count; ++i)
            least[i] = minimum(least[i], from[k] + weight * rows[i * block.labels + k]);
    for (long i = 0; i < count; ++i)
        out(first + i, least[i]);
}

// Calls out(i, min_k from[k] + weight * costs[i * labels + k]) for each label i.
template <class Block, class Out>
ALWAYS_INLINE void least_sums(const Block &block, const float *costs, const Lanes *from, Lanes weight, Out out)
{
    long i = 0;
    for (; i + TOGETHER <= block.labels; i += TOGETHER)
        least_sums_of<TOGETHER>(block, costs, from, weight, i, out);
    for (; i < block.labels; ++i)
        least_sums_of<1>(block, costs, from, weight, i, out);
}

// The flows over the edge (l, l + 1) of a segment, where the left half gets `share` of the min-marginals. What flows
// out of the left end is the message u of the excess e, share * min-marginals - the left half's message; into the right
// end flows the message of -u, with the opposite sign: max_k u(k) - weight * mu(k, l). It is computed as
// e(l) - min_k (e(l) + weight * mu(k, l) - u(k)), whose minimum is 0 to the last bit where l decided a u(k), even if
// mu(k, l) is so large that little of e(l) is left in the sum.
template <class Block>
class MatrixFlow {
public:
    // `memory` is room for 3 * [labels].
    MatrixFlow(const Block &block, long l, float share, const Sums &left, const Sums &right, Lanes *memory)
        : out_(memory), in_(memory + block.labels)
    {
        const Lanes weight = block.edge[l];
        Lanes *const out = memory, *const in = out + block.labels, *const excess = in + block.labels;
        least_sums(block, block.by_right, left.values, weight, [&](long k, Lanes message) {
            excess[k] = (message + right.values[k]) * share - message;
        });
        const Lanes constant = -least_of(excess, block.labels);
        for (long k = 0; k < block.labels; ++k)
            excess[k] += constant;
        least_sums(block, block.by_left, excess, weight, [&](long k, Lanes flow) { out[k] = flow; });
        for (long l = 0; l < block.labels; ++l) {
            const float *mu = block.by_right + l * block.labels;
            in[l] = excess[l] - least_over(block.labels, [&](long k) { return excess[l] + weight * mu[k] - out[k]; });
        }
    }
    const Lanes *out() const { return out_; }
    const Lanes *in() const { return in_; }
    const Lanes *in_memory() const { return in_; }

private:
    const Lanes *out_, *in_;
};

struct Matrices {
    template <class Block>
    using Flow = MatrixFlow<Block>;
    static const long FLOWS = 3;

    template <int step, bool constant_taken_out, class Block>
    static Lanes pass(const Block &block, const Sums &from, Lanes weight, const Lanes *cost, Lanes *sums)
    {
        const Lanes constant = -from.least;
        least_sums(block, step > 0 ? block.by_right : block.by_left, from.values, weight, [&](long k, Lanes message) {
            sums[k] = (constant_taken_out ? message + constant : message) + cost[k];
        });
        return least_over(block.labels, [&](long k) { return sums[k]; });
    }
};
