// Labels that the duals leave open: those whose costs, after DualMM's last step, are little above the pixel's least.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "grid.hpp"

namespace crf {

// The excess of each label's cost over the least of its pixel, as a byte: a code of its logarithm, to a quarter.
struct Excess {
    static const int32_t CODES = 256;  // the last is that of all excesses from 2^31.5
    static const int32_t BEFORE = 379;  // that of a float in [2^-32, 2^-32 * 5/4), less 1

    long labels, height, strips, lanes;
    std::vector<uint8_t> codes;  // [image][strip][y][label][lane]; a strip has so many columns

    Excess(const Grid &grid, long lanes_)
        : labels(grid.labels), height(grid.height), strips((grid.width + lanes_ - 1) / lanes_), lanes(lanes_),
          codes(grid.images * strips * height * labels * lanes)
    {
    }

    // Offset of a row of a strip.
    long at(long image, long strip, long y) const { return ((image * strips + strip) * height + y) * labels * lanes; }
};

// The pixels of one image at which each label is open, in the order of the image. A pixel's own label is not open.
class OpenLabels {
public:
    // Opens the labels of least excess, at most `most` in all, those of one code together.
    OpenLabels(const Grid &grid, const Excess &excess, long image, const int32_t *labels, long most)
        : excess_(excess), image_(image), height_(grid.height), width_(grid.width), labels_(labels),
          pixels_(grid.labels)
    {
        std::vector<Counts> counts(grid.labels, Counts());
        #pragma omp parallel for schedule(dynamic)
        for (long label = 0; label < grid.labels; ++label)
            visit(label, Excess::CODES, [&](long, uint8_t code) { ++counts[label][code]; });
        for (long open = 0; end_ + 1 < Excess::CODES; ++end_) {
            for (const Counts &of_label : counts)
                open += of_label[end_];
            if (open > most)
                break;
        }
        #pragma omp parallel for schedule(dynamic)
        for (long label = 0; label < grid.labels; ++label) {
            const Counts &of_label = counts[label];
            pixels_[label].reserve(std::accumulate(of_label.begin(), of_label.begin() + end_, 0L));
            visit(label, end_, [&](long pixel, uint8_t) { pixels_[label].push_back(pixel); });
        }
    }

    const std::vector<int32_t> &pixels(long label) const { return pixels_[label]; }

    // The code from which on labels are closed.
    int32_t end() const { return end_; }

private:
    typedef std::array<long, Excess::CODES> Counts;

    const Excess &excess_;
    const long image_, height_, width_;
    const int32_t *const labels_;
    std::vector<std::vector<int32_t>> pixels_;
    int32_t end_ = 0;

    // Calls visit(pixel, code) for the pixels without that label at which its code is below `end`.
    template <class Visit>
    void visit(int32_t label, int32_t end, Visit visit) const
    {
        for (long y = 0; y < height_; ++y)
            for (long strip = 0; strip < excess_.strips; ++strip) {
                const uint8_t *codes = &excess_.codes[excess_.at(image_, strip, y) + label * excess_.lanes];
                const long x = strip * excess_.lanes, columns = std::min(excess_.lanes, width_ - x);
                const long first = y * width_ + x;
                for (long lane = 0; lane < columns; ++lane)
                    if (codes[lane] < end && labels_[first + lane] != label)
                        visit(first + lane, codes[lane]);
            }
    }
};

}  // namespace crf
