// The energy of a labelling, in double precision.
#pragma once

#include <numeric>
#include <vector>

#include "grid.hpp"

namespace crf {

// The sum of term(0) to term(count - 1) in double precision. Eight partial sums keep additions from waiting for each
// other.
template <class Term>
inline double sum(long count, Term term)
{
    const long TERMS = 8;
    double sums[TERMS] = {};
    long i = 0;
    for (; i + TERMS <= count; i += TERMS)
        for (long j = 0; j < TERMS; ++j)
            sums[j] += term(i + j);
    for (; i < count; ++i)
        sums[0] += term(i);
    return std::accumulate(sums, sums + TERMS, 0.0);
}

// Cost of the cut edges from row y, to the right and downwards.
inline double edge_costs(const Grid &grid, const int32_t *labels, long image, long y)
{
    const float *right = grid.weights + image * grid.weights_n + y * grid.weights_y;
    const float *down = right + grid.weights_c;
    const int32_t *row = labels + (image * grid.height + y) * grid.width;
    const auto cut_right = [&](long x) { return row[x] != row[x + 1] ? right[x] : 0.f; };
    const auto cut_down = [&](long x) { return row[x] != row[x + grid.width] ? down[x] : 0.f; };
    return sum(grid.width - 1, cut_right) + (y + 1 < grid.height ? sum(grid.width, cut_down) : 0.0);
}

// Writes `energies` (N,) of `labels` (N, H, W), each at least 0 and less than K.
inline Status energy(const Grid &grid, const int32_t *labels, double *energies)
{
    if (check_labels(grid, labels) != SOLVED)
        return LABEL_OUTSIDE;
    std::vector<double> rows(grid.images * grid.height);
    #pragma omp parallel for
    for (long task = 0; task < grid.images * grid.height; ++task) {
        const long image = task / grid.height, y = task % grid.height;
        const float *unary = grid.unary + image * grid.unary_n + y * grid.unary_y;
        const int32_t *row = labels + task * grid.width;
        rows[task] = edge_costs(grid, labels, image, y) +
                     sum(grid.width, [&](long x) { return unary[row[x] * grid.unary_k + x]; });
    }
    for (long image = 0; image < grid.images; ++image)  // in order, whatever the number of threads
        energies[image] = std::accumulate(rows.begin() + image * grid.height,
                                          rows.begin() + (image + 1) * grid.height, 0.0);
    return SOLVED;
}

}  // namespace crf
