// DualMM: block coordinate ascent on the split of the energy into rows and columns.
#pragma once

#include <limits>
#include <vector>

#include "instruction_sets.hpp"

namespace crf {

inline Status check_labels(const Grid &grid, const int32_t *labels)
{
    for (long pixel = 0; pixel < grid.images * grid.pixels(); ++pixel)
        if (labels[pixel] != grid.void_label && (labels[pixel] < 0 || labels[pixel] >= grid.labels))
            return LABEL_OUTSIDE;
    return SOLVED;
}

// Up to `iterations` iterations; an image is finished early once an iteration has raised its bound by no more
// than `tolerance` a pixel (negative infinity: never). Out come labels (N, H, W), the lower bounds (N,) and
// in `withheld` (N, K, H, W) what the rows withhold before the last half step over the columns.
inline Status dual_mm(const Grid &grid, long iterations, double tolerance, int32_t *labels, double *bounds,
                      float *withheld)
{
    const Kernels kernel = kernels();
    const double never = -std::numeric_limits<double>::infinity();
    std::vector<double> before(grid.images, never), now(grid.images);
    std::vector<char> going_on(grid.images, 1), ending(grid.images);
    long remaining = grid.images;
    Workspaces workspaces;
    Status status = grid.truth ? check_labels(grid, grid.truth) : SOLVED;

    for (long iteration = 1; iteration <= iterations && remaining > 0 && status == SOLVED; ++iteration) {
        const bool first = iteration == 1;
        const HalfStep rows = {&grid, ROWS, first ? nullptr : withheld, withheld, nullptr,
                               tolerance > never ? now.data() : nullptr, going_on.data(), first};
        status = kernel.half_step(rows, workspaces);
        for (long n = 0; n < grid.images; ++n) {
            const bool stalled = tolerance > never && now[n] - before[n] <= tolerance * grid.pixels();
            ending[n] = going_on[n] && (iteration == iterations || stalled);
            going_on[n] = going_on[n] && !ending[n];
            remaining -= ending[n];
        }
        before = now;
        const HalfStep columns = {&grid, COLUMNS, withheld, withheld, nullptr, nullptr, going_on.data(), first};
        const HalfStep last = {&grid, COLUMNS, withheld, nullptr, labels, bounds, ending.data(), first};
        if (status == SOLVED && remaining > 0)
            status = kernel.half_step(columns, workspaces);
        if (status == SOLVED)
            status = kernel.half_step(last, workspaces);
    }
    return status;
}

}  // namespace crf
