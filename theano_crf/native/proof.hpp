// Whether a lower bound has reached the energy of a labelling.
#pragma once

#include <cmath>

#include "energy.hpp"

namespace crf {

// Half of single precision's spacing at 1, the most that rounding moves a number by, relatively.
const double HALF_SPACING = 1.0 / (1 << 24);

// The sum of the costs whose rounding can keep a bound from the energy of `labels`: the labels' unary costs, and all
// edges, as messages over them go up to their weights.
inline double sum_of_magnitudes(const Grid &grid, const int32_t *labels, long image)
{
    float most = 0;
    for (long i = 0; grid.compatibility && i < grid.directions * grid.labels * grid.labels; ++i)
        most = std::max(most, grid.compatibility[i]);
    std::vector<double> rows(grid.height);
    #pragma omp parallel for
    for (long y = 0; y < grid.height; ++y) {
        const float *unary = grid.unary + image * grid.unary_n + y * grid.unary_y;
        const int32_t *row = labels + (image * grid.height + y) * grid.width;
        rows[y] = sum(grid.width, [&](long x) { return std::abs(double(unary[row[x] * grid.unary_k + x])); });
        for (long d = 0; d < grid.directions; ++d) {
            const Span edges = grid.span(d, y);
            const float *weights = grid.weights_row(image, d, y) + edges.first;
            rows[y] += (grid.compatibility ? most : 1) * sum(edges.end - edges.first, [&](long i) { return weights[i]; });
        }
    }
    return std::accumulate(rows.begin(), rows.end(), 0.0);  // in order, whatever the number of threads
}

// Whether no labelling has less energy than `labels`, as far as the single precision of costs and duals can tell:
// their energy exceeds the bound by no more than the rounding of the costs.
inline bool is_proven(const Grid &grid, const int32_t *labels, long image, double energy, double bound)
{
    return energy - bound <= HALF_SPACING * sum_of_magnitudes(grid, labels, image);
}

// Writes which images' `labels` are proven (N,), given their energies and bounds.
template <class Flag>
Status prove(const Grid &grid, const int32_t *labels, const double *energies, const double *bounds, Flag *proven)
{
    if (check_labels(grid, labels) != SOLVED)
        return LABEL_OUTSIDE;
    for (long image = 0; image < grid.images; ++image)
        proven[image] = is_proven(grid, labels, image, energies[image], bounds[image]);
    return SOLVED;
}

}  // namespace crf
