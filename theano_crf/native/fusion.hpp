// The better of two labellings, region by region.
#pragma once

#include <cstdint>
#include <vector>

#include "grid.hpp"

namespace crf {

// Regions are the connected sets of pixels where two labellings differ. No edge joins two regions, so the change of
// energy from taking the second labelling in one of them does not depend on the others.
class Fusion {
public:
    Fusion(const Grid &grid, long image, int32_t *labels, const int32_t *other)
        : grid_(grid), image_(image), labels_(labels + image * grid.pixels()),
          other_(other + image * grid.pixels()), seen_(grid.pixels(), 0)
    {
    }

    // Takes each region of `other` that has less energy.
    void run()
    {
        for (long pixel = 0; pixel < grid_.pixels(); ++pixel)
            if (differs(pixel) && !seen_[pixel] && change_of_region(pixel) < 0)
                for (long member : region_)
                    labels_[member] = other_[member];
    }

private:
    const Grid &grid_;
    const long image_;
    int32_t *labels_;
    const int32_t *other_;
    std::vector<char> seen_;
    std::vector<long> region_;

    bool differs(long pixel) const { return labels_[pixel] != other_[pixel]; }

    // Collects the region around `seed`; returns the change of energy from taking the labels of `other` there.
    double change_of_region(long seed)
    {
        double change = 0;
        region_.assign(1, seed);
        seen_[seed] = 1;
        for (size_t next = 0; next < region_.size(); ++next) {
            const long pixel = region_[next], y = pixel / grid_.width, x = pixel % grid_.width;
            const float *unary = grid_.unary + image_ * grid_.unary_n + y * grid_.unary_y + x;
            const float *right = grid_.weights + image_ * grid_.weights_n + y * grid_.weights_y + x;
            const float *down = right + grid_.weights_c;
            change += double(unary[other_[pixel] * grid_.unary_k]) - unary[labels_[pixel] * grid_.unary_k];
            if (x > 0)
                change += edge_change(pixel, pixel - 1, right[-1]);
            if (x + 1 < grid_.width)
                change += edge_change(pixel, pixel + 1, right[0]);
            if (y > 0)
                change += edge_change(pixel, pixel - grid_.width, down[-grid_.weights_y]);
            if (y + 1 < grid_.height)
                change += edge_change(pixel, pixel + grid_.width, down[0]);
        }
        return change;
    }

    // An edge inside the region is visited from both ends, so each visit counts half of it.
    double edge_change(long pixel, long neighbour, float weight)
    {
        const int change = (other_[pixel] != other_[neighbour]) - (labels_[pixel] != labels_[neighbour]);
        if (!differs(neighbour))
            return double(weight) * change;
        if (!seen_[neighbour]) {
            seen_[neighbour] = 1;
            region_.push_back(neighbour);
        }
        return 0.5 * weight * change;
    }
};

inline void fuse(const Grid &grid, int32_t *labels, const int32_t *other)
{
    #pragma omp parallel for
    for (long image = 0; image < grid.images; ++image)
        Fusion(grid, image, labels, other).run();
}

}  // namespace crf
