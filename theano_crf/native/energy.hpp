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

// Cost of the edges whose first pixels are in row y.
inline double edge_costs(const Grid &grid, const int32_t *labels, long image, long y)
{
    double total = 0;
    for (long d = 0; d < grid.directions; ++d) {
        const Span edges = grid.span(d, y);
        const long count = edges.end - edges.first;
        const float *weights = grid.weights_row(image, d, y) + edges.first;
        const int32_t *first = labels + (image * grid.height + y) * grid.width + edges.first;
        const int32_t *second = first + grid.step(d);
        if (grid.compatibility)
            total += sum(count, [&](long i) {
                const double mu = grid.mu(d, first[i], second[i]);
                return mu != 0 ? mu * weights[i] : 0;
            });
        else
            total += sum(count, [&](long i) { return first[i] != second[i] ? weights[i] : 0.f; });
    }
    return total;
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
