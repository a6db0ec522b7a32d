// The better of two labellings, region by region.
#pragma once

#include <cstdint>
#include <vector>

#include "allocation_failures.hpp"
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

    // Collects the region around `seed`; returns the change of energy from taking the labels of `other` there.
    double change_of_region(long seed)
    {
        double change = 0;
        region_.assign(1, seed);
        seen_[seed] = 1;
        for (size_t next = 0; next < region_.size(); ++next) {
            const long pixel = region_[next], y = pixel / grid_.width, x = pixel % grid_.width;
            grid_.add_change_of_cost(image_, y, x, labels_[pixel], other_[pixel], change);
            for (long d = 0; d < grid_.directions; ++d) {
                const long step = grid_.step(d), before_y = y - grid_.offsets[d].dy, before_x = x - grid_.offsets[d].dx;
                if (grid_.has_edge(d, before_y, before_x))
                    change += edge_change(d, pixel - step, pixel - step, before_y, before_x);
                if (grid_.has_edge(d, y, x))
                    change += edge_change(d, pixel, pixel + step, y, x);
            }
        }
        return change;
    }

    // Calls visit(pixel) for the region looked at last, which can then be looked at again.
    template <class Visit>
    void leave_region(Visit visit)
    {
        for (long member : region_) {
            seen_[member] = 0;
            visit(member);
        }
    }

private:
    const Grid &grid_;
    const long image_;
    int32_t *labels_;
    const int32_t *other_;
    std::vector<char> seen_;
    std::vector<long> region_;

    bool differs(long pixel) const { return labels_[pixel] != other_[pixel]; }

    // The change of the edge from pixel `first`, (y, x), one of whose ends is in the region; the other is `neighbour`.
    // An edge inside the region is visited from both ends, so each visit counts half of it.
    double edge_change(long d, long first, long neighbour, long y, long x)
    {
        const long second = first + grid_.step(d);
        const double change = double(grid_.mu(d, other_[first], other_[second])) -
                              grid_.mu(d, labels_[first], labels_[second]);
        const double weight = grid_.weights_row(image_, d, y)[x];
        if (!differs(neighbour))
            return weight * change;
        if (!seen_[neighbour]) {
            seen_[neighbour] = 1;
            region_.push_back(neighbour);
        }
        return 0.5 * weight * change;
    }
};

inline void fuse(const Grid &grid, int32_t *labels, const int32_t *other)
{
    AllocationFailures failures;
    #pragma omp parallel for
    for (long image = 0; image < grid.images; ++image)
        failures.guard([&] { Fusion(grid, image, labels, other).run(); });
    failures.rethrow();
}

}  // namespace crf
