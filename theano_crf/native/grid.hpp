// The energy of a batch of images on the grid, as the solver sees it. The macros CRF_... are constants of
// theano_crf/constants.py, given to the compiler.
#pragma once

#include <algorithm>
#include <cstdint>

namespace crf {

enum Direction { ROWS = CRF_ROWS, COLUMNS = CRF_COLUMNS };  // also the channel of `weights` with the direction's edges

// The largest cost, weight or margin, so that sums over a chain are finite.
const float LARGEST_COST = CRF_LARGEST_COST;

enum Decoding { ARGMIN = CRF_ARGMIN, VITERBI = CRF_VITERBI, ICM = CRF_ICM };

// From an edge's first pixel to its second; dy is above 0, or 0 with dx above 0.
struct Offset {
    long dy, dx;
};

// The columns of the first pixels of a row's edges.
struct Span {
    long first, end;
};

// unary(n, k, y, x) = unary[n * unary_n + k * unary_k + y * unary_y + x], with strides in elements; likewise the
// weights. So any view whose last axis is dense is read in place.
struct Grid {
    long images, labels, height, width;
    long directions;
    const Offset *offsets;
    const float *compatibility;  // [direction][first label][second label]; Potts if null
    const float *unary;
    long unary_n, unary_k, unary_y;
    const float *weights;
    long weights_n, weights_c, weights_y;
    // Loss augmentation: the margin is taken from the unary costs of labelled pixels; none if the truth is null.
    const int32_t *truth;
    int32_t void_label;
    float margin;          // of every wrong label, unless there are margins
    const float *margins;  // [image][truth][label], or null
    long margins_n;        // 0 if the images share them

    long pixels() const { return height * width; }
    long volume() const { return labels * height * width; }

    // True for the paper's CRF: edges to the right (channel ROWS) and downwards (channel COLUMNS), and Potts.
    bool is_papers() const
    {
        return directions == 2 && !compatibility && offsets[ROWS].dy == 0 && offsets[ROWS].dx == 1 &&
               offsets[COLUMNS].dy == 1 && offsets[COLUMNS].dx == 0;
    }

    // The edges of direction d whose first pixels are in row y.
    Span span(long d, long y) const
    {
        const Offset offset = offsets[d];
        if (y + offset.dy >= height)
            return {0, 0};
        const long first = std::max(-offset.dx, 0L);
        return {first, std::max(first, width - std::max(offset.dx, 0L))};
    }
    bool has_edge(long d, long y, long x) const
    {
        const Span edges = y >= 0 ? span(d, y) : Span{0, 0};
        return edges.first <= x && x < edges.end;
    }
    long step(long d) const { return offsets[d].dy * width + offsets[d].dx; }  // in pixels
    const float *weights_row(long image, long d, long y) const
    {
        return weights + image * weights_n + d * weights_c + y * weights_y;
    }
    float mu(long d, long first, long second) const
    {
        return compatibility ? compatibility[(d * labels + first) * labels + second] : first != second;
    }
    float margin_of(long image, long true_label, long label) const
    {
        return margins ? margins[image * margins_n + true_label * labels + label] : true_label != label ? margin : 0;
    }

    // Adds to `sum` by how much a pixel's cost, less its margin, changes from one label to another.
    void add_change_of_cost(long image, long y, long x, int32_t from, int32_t to, double &sum) const
    {
        const float *costs = unary + image * unary_n + y * unary_y + x;
        sum += double(costs[to * unary_k]) - costs[from * unary_k];
        const int32_t true_label = truth ? truth[(image * height + y) * width + x] : void_label;
        if (true_label != void_label)
            sum -= double(margin_of(image, true_label, to)) - margin_of(image, true_label, from);
    }
};

// One image of the grid, as a grid of its own.
inline Grid image_of(const Grid &grid, long image)
{
    Grid one = grid;
    one.images = 1;
    one.unary += image * grid.unary_n;
    one.weights += image * grid.weights_n;
    if (grid.truth)
        one.truth += image * grid.pixels();
    if (grid.margins)
        one.margins += image * grid.margins_n;
    return one;
}

enum Status { SOLVED, UNARY_INVALID, WITHHELD_INVALID, WEIGHTS_INVALID, EDGES_INVALID, LABEL_OUTSIDE, NO_MEMORY };

// Checks that each label is a class or, where the grid has a truth, void.
inline Status check_labels(const Grid &grid, const int32_t *labels)
{
    const uint32_t classes = grid.labels;
    const int32_t allowed = grid.truth ? grid.void_label : 0;  // 0 is a class anyway
    bool outside = false;
    for (long pixel = 0; pixel < grid.images * grid.pixels(); ++pixel)
        outside |= (uint32_t(labels[pixel]) >= classes) & (labels[pixel] != allowed);
    return outside ? LABEL_OUTSIDE : SOLVED;
}

// Checks that each label of the grid's truth is a class or void, and each of `labels` a class.
inline Status check_truth_and_labels(const Grid &grid, const int32_t *labels)
{
    Grid without_truth = grid;
    without_truth.truth = nullptr;
    const Status status = check_labels(grid, grid.truth);
    return status == SOLVED ? check_labels(without_truth, labels) : status;
}

inline const char *describe(Status status)
{
    switch (status) {
    case UNARY_INVALID:
        return "unary holds NaN or infinite costs, or some beyond 1e30; they must be finite: "
               "-log(max(p, 1e-6)), not -log(p)";
    case WITHHELD_INVALID:
        return "withheld holds NaN or infinite values, or some beyond 1e30; start from zeros and pass on what "
               "half_step returns";
    case WEIGHTS_INVALID:
        return "weights holds NaN, infinite or negative values, or some beyond 1e30; they must be finite and at "
               "least 0";
    case EDGES_INVALID:
        return "weights times compatibility goes beyond 1e30; take smaller ones";
    case LABEL_OUTSIDE:
        return "a label is neither one of the K classes of unary, 0 to K - 1, nor void";
    case NO_MEMORY:
        return "not enough memory for the chains of one image";
    default:
        return "";
    }
}

}  // namespace crf
