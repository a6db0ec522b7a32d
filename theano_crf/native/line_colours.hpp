// The chains of an offset in a colouring in which no edge joins two chains of one colour.
#pragma once

#include <cstdlib>
#include <map>
#include <numeric>
#include <vector>

#include "grid.hpp"

namespace crf {

struct Start {
    long y, x;
};

// Lines in the offset's direction are numbered; two whose numbers are equal modulo `modulus_` are joined by no edge. On
// a line the offset's chains are interleaved, each with a residue of its own.
class LineColours {
public:
    LineColours(const Grid &grid, long d) : offset_(grid.offsets[d]), modulus_(1)
    {
        steps_ = greatest_common_divisor(offset_.dy, std::labs(offset_.dx));
        dy_ = offset_.dy / steps_;
        dx_ = offset_.dx / steps_;
        while (!separates(grid))
            ++modulus_;
    }

    // The first pixels of all chains, by colour.
    std::vector<std::vector<Start>> starts(const Grid &grid) const
    {
        std::map<long, std::vector<Start>> by_colour;
        for (long y = 0; y < grid.height; ++y)
            for (long x = 0; x < grid.width; ++x)
                if (y < offset_.dy || x < offset_.dx || x - offset_.dx >= grid.width)
                    by_colour[colour(y, x)].push_back({y, x});
        std::vector<std::vector<Start>> starts;
        for (const auto &one : by_colour)
            starts.push_back(one.second);
        return starts;
    }

private:
    const Offset offset_;
    long steps_, dy_, dx_, modulus_;

    static long greatest_common_divisor(long a, long b) { return b ? greatest_common_divisor(b, a % b) : a; }

    long line(long y, long x) const { return x * dy_ - y * dx_; }

    long colour(long y, long x) const
    {
        const long along = dy_ ? y / dy_ : x;
        return (line(y, x) % modulus_ + modulus_) % modulus_ * steps_ + along % steps_;
    }

    // True if no offset that fits into the image joins two different lines with one remainder.
    bool separates(const Grid &grid) const
    {
        for (long d = 0; d < grid.directions; ++d) {
            const Offset &other = grid.offsets[d];
            const long lines = line(other.dy, other.dx);
            if (other.dy < grid.height && std::labs(other.dx) < grid.width && lines && lines % modulus_ == 0)
                return false;
        }
        return true;
    }
};

}  // namespace crf
