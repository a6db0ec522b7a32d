// Sequential tree-reweighted message passing (TRW-S): V. Kolmogorov, Convergent tree-reweighted message passing for
// energy minimization, IEEE Trans. PAMI 28(10), 2006, sections 3 and 4.
//
// Pixels are visited in raster order and back. Every edge leads from a pixel to a later one, its first and its second
// end. An edge keeps one message, towards the end that is visited next: a pass reads an edge's old message when it
// visits one end and leaves the new one, towards the other end, in its place.

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

struct Grid {
    long labels, height, width, directions; // labels: with those of a huge cost that fill the processor's vectors
    const long *offsets;        // (directions, 2): dy, dx
    const float *costs;         // (height, width, labels)
    const float *weights;       // (directions, height, width), of the edge at its first end
    const float *compatibility; // (directions, labels, labels), first axis: label of the first end; null for Potts
    const float *transposed;    // the same with the label of the second end first
    float *messages;            // (directions, height, width, labels), at the edge's first end
};

struct Edge {
    long direction, place; // place: of the first end, in (directions, height, width), less the pixel's own number
    long other;            // number of the pixel at the other end, less the pixel's own
};

// A pixel's edges to later pixels, and those from earlier ones.
class Edges {
public:
    std::vector<Edge> later, earlier;

    explicit Edges(const Grid &grid) : grid(grid)
    {
        for (long d = 0; d < grid.directions; ++d)
            margin = std::max(margin, std::abs(grid.offsets[2 * d + 1]));
    }

    void find(long y, long x)
    {
        const bool inner = x >= margin && x < grid.width - margin;
        if (inner && y == row)
            return; // as the pixel before
        row = inner ? y : -1;
        later.clear();
        earlier.clear();
        const long pixels = grid.height * grid.width;
        for (long d = 0; d < grid.directions; ++d) {
            const long dy = grid.offsets[2 * d], dx = grid.offsets[2 * d + 1], step = dy * grid.width + dx;
            if (y + dy < grid.height && x + dx >= 0 && x + dx < grid.width)
                later.push_back({d, d * pixels, step});
            if (y - dy >= 0 && x - dx >= 0 && x - dx < grid.width)
                earlier.push_back({d, d * pixels - step, -step});
        }
    }

private:
    const Grid &grid;
    long margin = 0, row = -1;
};

#define KERNEL static inline __attribute__((always_inline))

KERNEL float least(const float *values, long labels)
{
    float smallest = values[0];
#pragma omp simd reduction(min : smallest)
    for (long k = 0; k < labels; ++k)
        smallest = std::min(smallest, values[k]);
    return smallest;
}

KERNEL void subtract(float *values, float constant, long labels)
{
#pragma omp simd
    for (long k = 0; k < labels; ++k)
        values[k] -= constant;
}

// Turns costs of this end's labels into the message to the other end, message[l] = min_k costs[k] + weight [k != l],
// less its least entry, which is that of the costs; returns that.
KERNEL float potts_message(const float *costs, float weight, float *message, long labels)
{
    const float smallest = least(costs, labels);
#pragma omp simd
    for (long l = 0; l < labels; ++l)
        message[l] = std::min(costs[l] - smallest, weight);
    return smallest;
}

// The same for message[l] = min_k costs[k] + weight table[k][l].
KERNEL float general_message(const float *costs, float weight, const float *table, float *message, long labels)
{
#pragma omp simd
    for (long l = 0; l < labels; ++l)
        message[l] = costs[0] + weight * table[l];
    for (long k = 1; k < labels; ++k) {
        const float *row = table + k * labels;
#pragma omp simd
        for (long l = 0; l < labels; ++l)
            message[l] = std::min(message[l], costs[k] + weight * row[l]);
    }
    const float smallest = least(message, labels);
    subtract(message, smallest, labels);
    return smallest;
}

// FIXED: the number of labels where the compiler shall know it, else 0.
template <long FIXED>
class Pass {
public:
    explicit Pass(const Grid &grid) : grid(grid), edges(grid), sum(grid.labels), costs(grid.labels) {}

    // Visits one pixel: its costs, with all messages to it, are shared out evenly over the chains through it, and go
    // on along the edges to the pixels that are visited later. Returns what it adds to the lower bound: the least
    // costs of the chains that end here, and what is left behind on the edges.
    double visit(long y, long x, bool forward)
    {
        edges.find(y, x);
        const auto &onward = forward ? edges.later : edges.earlier;
        const long pixel = y * grid.width + x;
        const long chains = std::max({1ul, edges.later.size(), edges.earlier.size()}), ending = chains - onward.size();
        const float share = 1.0f / chains;
        gather(pixel);
        double bound = ending ? ending * share * least(sum.data(), labels()) : 0;
        for (const Edge &edge : onward)
            bound += send(edge, pixel, share, forward);
        return bound;
    }

private:
    const Grid &grid;
    Edges edges;
    std::vector<float> sum, costs;

    long labels() const { return FIXED ? FIXED : grid.labels; }

    void gather(long pixel)
    {
        const long labels = this->labels();
        std::copy_n(grid.costs + pixel * labels, labels, sum.begin());
        for (const auto *list : {&edges.later, &edges.earlier})
            for (const Edge &edge : *list) {
                const float *message = grid.messages + (pixel + edge.place) * labels;
                float *total = sum.data();
#pragma omp simd
                for (long k = 0; k < labels; ++k)
                    total[k] += message[k];
            }
    }

    // Replaces an edge's message by one in the other direction, whose least entry is 0; returns what that was before.
    float send(const Edge &edge, long pixel, float share, bool forward)
    {
        const long labels = this->labels(), place = pixel + edge.place;
        float *message = grid.messages + place * labels, *rest = costs.data();
        const float *total = sum.data(), weight = grid.weights[place];
#pragma omp simd
        for (long k = 0; k < labels; ++k)
            rest[k] = share * total[k] - message[k];
        if (!grid.compatibility)
            return potts_message(rest, weight, message, labels);
        const float *table = (forward ? grid.compatibility : grid.transposed) + edge.direction * labels * labels;
        return general_message(rest, weight, table, message, labels);
    }
};

float edge_cost(const Grid &grid, long direction, float weight, long first, long second)
{
    if (!grid.compatibility)
        return first == second ? 0 : weight;
    return weight * grid.compatibility[(direction * grid.labels + first) * grid.labels + second];
}

template <long FIXED>
double passes(const Grid &grid, long iterations)
{
    Pass<FIXED> pass(grid);
    double bound = 0;
    for (long iteration = 0; iteration < iterations; ++iteration) {
        for (long y = 0; y < grid.height; ++y)
            for (long x = 0; x < grid.width; ++x)
                pass.visit(y, x, true);
        bound = 0;
        for (long y = grid.height; y-- > 0;)
            for (long x = grid.width; x-- > 0;)
                bound += pass.visit(y, x, false);
    }
    return bound;
}

} // namespace

// Passes forward and back so many times, at least once; returns the lower bound after the last pass.
extern "C" double iterate(const Grid *grid, long iterations)
{
    switch (grid->labels) {
    case 4: return passes<4>(*grid, iterations);
    case 8: return passes<8>(*grid, iterations);
    case 16: return passes<16>(*grid, iterations);
    case 32: return passes<32>(*grid, iterations);
    default: return passes<0>(*grid, iterations);
    }
}

// After a pass back: gives each pixel in raster order the label of least cost, given the labels of earlier pixels and
// the messages from later ones.
extern "C" void choose_labels(const Grid *grid, int *chosen)
{
    const long labels = grid->labels;
    Edges edges(*grid);
    std::vector<float> sum(labels);
    for (long y = 0, pixel = 0; y < grid->height; ++y)
        for (long x = 0; x < grid->width; ++x, ++pixel) {
            edges.find(y, x);
            std::copy_n(grid->costs + pixel * labels, labels, sum.begin());
            for (long k = 0; k < labels; ++k) {
                for (const Edge &edge : edges.later)
                    sum[k] += grid->messages[(pixel + edge.place) * labels + k];
                for (const Edge &edge : edges.earlier)
                    sum[k] += edge_cost(*grid, edge.direction, grid->weights[pixel + edge.place],
                                        chosen[pixel + edge.other], k);
            }
            chosen[pixel] = std::min_element(sum.begin(), sum.end()) - sum.begin();
        }
}
