// The completed truth: at void pixels it has the labels of least energy given the truth at all others.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "energy.hpp"
#include "instruction_sets.hpp"

namespace crf {

inline bool has_void(const Grid &grid)
{
    const int32_t *end = grid.truth + grid.images * grid.pixels();
    return std::find(grid.truth, end, grid.void_label) != end;
}

// The void pixels of one image as a problem of their own. Edges to labelled neighbours are part of the unary costs;
// labelled pixels have neither costs nor edges.
class VoidProblem {
public:
    // Floats of workspace for any image of the grid.
    static long size(const Grid &grid, long iterations)
    {
        return (grid.labels + grid.directions) * grid.pixels() + kernels::workspace_size(image_of(grid, 0), iterations);
    }

    // `image` is a grid of one image.
    VoidProblem(const Grid &image, float *workspace)
        : image_(image), unary_(workspace), weights_(workspace + image.volume()),
          solver_workspace_(weights_ + image.directions * image.pixels())
    {
        #pragma omp parallel for
        for (long y = 0; y < image_.height; ++y)
            for (long x = 0; x < image_.width; ++x)
                fill(y, x);
    }

    // Writes DualMM's labels (H, W), of which those of labelled pixels mean nothing.
    Status solve(long iterations, int32_t *labels) const
    {
        Grid grid = image_;
        grid.unary = unary_;
        grid.unary_k = grid.pixels();
        grid.unary_y = grid.width;
        grid.weights = weights_;
        grid.weights_c = grid.pixels();
        grid.weights_y = grid.width;
        grid.truth = nullptr;
        double bound;
        return kernels::dual_mm(grid, iterations, -std::numeric_limits<double>::infinity(), ARGMIN,
                                 solver_workspace_, labels, &bound);
    }

private:
    bool is_void(long pixel) const { return image_.truth[pixel] == image_.void_label; }

    void fill(long y, long x)
    {
        const long pixel = y * image_.width + x, pixels = image_.pixels();
        const bool latent = is_void(pixel);
        for (long d = 0; d < image_.directions; ++d)
            weights_[d * pixels + pixel] = latent && image_.has_edge(d, y, x) && is_void(pixel + image_.step(d))
                                               ? image_.weights_row(0, d, y)[x] : 0;
        for (long k = 0; k < image_.labels; ++k)
            unary_[k * pixels + pixel] = latent ? image_.unary[k * image_.unary_k + y * image_.unary_y + x] : 0;
        if (!latent)
            return;
        for (long d = 0; d < image_.directions; ++d) {  // the GPU adds them in this order, too
            const long step = image_.step(d), before_y = y - image_.offsets[d].dy, before_x = x - image_.offsets[d].dx;
            if (image_.has_edge(d, y, x) && !is_void(pixel + step))
                favour(d, pixel, image_.truth[pixel + step], true, image_.weights_row(0, d, y)[x]);
            if (image_.has_edge(d, before_y, before_x) && !is_void(pixel - step))
                favour(d, pixel, image_.truth[pixel - step], false, image_.weights_row(0, d, before_y)[before_x]);
        }
    }

    // An edge to a labelled neighbour, as a unary cost of a pixel, which is the edge's first or its second. For Potts
    // +weight * [k != truth] equals -weight * [k == truth] up to a constant, so only one label's cost changes.
    void favour(long d, long pixel, int32_t truth, bool is_first, float weight)
    {
        const auto cost = [&](long k) -> float & { return unary_[k * image_.pixels() + pixel]; };
        if (!image_.compatibility)
            cost(truth) = std::max(cost(truth) - weight, -LARGEST_COST);  // the solver takes no cost beyond
        for (long k = 0; image_.compatibility && k < image_.labels; ++k)
            cost(k) = std::min(cost(k) + weight * (is_first ? image_.mu(d, k, truth) : image_.mu(d, truth, k)),
                               LARGEST_COST);
    }

    const Grid image_;
    float *const unary_, *const weights_, *const solver_workspace_;
};

// Completes the truth of one image. Its void pixels get DualMM's labels if these have less energy than `augmented`, the
// labels of the loss-augmented inference; otherwise `augmented`.
inline Status complete_image(const Grid &grid, long iterations, const int32_t *augmented, float *workspace,
                             int32_t *completed)
{
    std::vector<int32_t> other(grid.pixels());
    const Status status = VoidProblem(grid, workspace).solve(iterations, other.data());
    if (status != SOLVED)
        return status;
    for (long pixel = 0; pixel < grid.pixels(); ++pixel) {
        const bool latent = grid.truth[pixel] == grid.void_label;
        completed[pixel] = latent ? augmented[pixel] : grid.truth[pixel];
        other[pixel] = latent ? other[pixel] : grid.truth[pixel];
    }
    double energy_of_completed, energy_of_other;
    energy(grid, completed, &energy_of_completed);
    energy(grid, other.data(), &energy_of_other);
    if (energy_of_other < energy_of_completed)
        std::copy(other.begin(), other.end(), completed);
    return SOLVED;
}

// Writes `completed` (N, H, W). `workspace` has VoidProblem::size floats, or none where no pixel is void.
inline Status complete(const Grid &grid, long iterations, const int32_t *augmented, float *workspace,
                       int32_t *completed)
{
    if (check_truth_and_labels(grid, augmented) != SOLVED)
        return LABEL_OUTSIDE;
    for (long n = 0; n < grid.images; ++n) {
        const Grid image = image_of(grid, n);
        const long first = n * grid.pixels();
        if (!has_void(image)) {
            std::copy(image.truth, image.truth + grid.pixels(), completed + first);
            continue;
        }
        const Status status = complete_image(image, iterations, augmented + first, workspace, completed + first);
        if (status != SOLVED)
            return status;
    }
    return SOLVED;
}

}  // namespace crf
