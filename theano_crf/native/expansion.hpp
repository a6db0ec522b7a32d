// Expansion moves (Boykov, Veksler, Zabih, PAMI 2001): the best way to move pixels to one label, where it is open.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "fusion.hpp"
#include "search_trees.hpp"

namespace crf {

// True if the best move is a minimum cut, whatever the labels of an edge's ends are. So it is for Potts and any metric.
inline bool allows_expansion(const Grid &grid)
{
    const double ROUNDING = 1e-6;
    for (long d = 0; grid.compatibility && d < grid.directions; ++d)
        for (long to = 0; to < grid.labels; ++to)
            for (long k = 0; k < grid.labels; ++k)
                for (long l = 0; l < grid.labels; ++l) {
                    const double one = double(grid.mu(d, k, to)) + grid.mu(d, to, l);
                    if (one * (1 + ROUNDING) < double(grid.mu(d, k, l)) + grid.mu(d, to, to))
                        return false;
                }
    return true;
}

// Expansion moves on one image, given as a grid of its own. What a label's move could change are the pixels where it is
// open. They fall into parts that no edge joins; each is a cut of its own, found anew only if something near it has
// changed. Every region that would switch is judged by its energy, so the energy never rises.
class Expansion {
public:
    typedef std::vector<std::vector<int32_t>> Open;  // pixels at which each label is open

    Expansion(const Grid &image, Open open, int32_t *labels)
        : grid_(image), open_(std::move(open)), labels_(labels), proposed_(labels, labels + image.pixels()),
          node_(image.pixels(), CLOSED), changed_near_(image.pixels(), 0), expanded_(image.labels, -1),
          cut_(2 * image.directions), fusion_(grid_, 0, labels_, proposed_.data())
    {
    }

    // Expands each label in turn until nothing changes. Returns the change of energy.
    double run()
    {
        double change = 0;
        for (long cycle = 0; cycle < MOST_CYCLES; ++cycle) {
            double of_cycle = 0;
            for (int32_t label = 0; label < grid_.labels; ++label)
                of_cycle += expand(label);
            change += of_cycle;
            if (of_cycle == 0)
                break;
        }
        return change;
    }

private:
    static const long MOST_CYCLES = 8;  // on real images it ends after two or three
    enum : int32_t { CLOSED = -1, OPEN = -2 };

    struct Part {
        long first, end;  // nodes
    };

    const Grid grid_;
    Open open_;  // with the labels that pixels had before
    int32_t *const labels_;
    std::vector<int32_t> proposed_;
    std::vector<int32_t> node_;  // of each pixel; CLOSED, or OPEN while it has none
    std::vector<int32_t> changed_near_, expanded_;  // the move that last changed a pixel or its neighbour; of a label
    std::vector<int32_t> pixels_;                   // of each node
    std::vector<Part> parts_;
    MinimumCut cut_;
    Fusion fusion_;
    int32_t move_ = 0;

    double expand(int32_t label)
    {
        find_parts(label);
        cut_.reset(pixels_.size());
        AllocationFailures failures;
        #pragma omp parallel for schedule(dynamic) if (parts_.size() > 1)
        for (long part = 0; part < long(parts_.size()); ++part) {
            for (long node = parts_[part].first; node < parts_[part].end; ++node)
                add_costs(node, label);
            failures.guard([&] { cut_.solve(parts_[part].first, parts_[part].end); });
        }
        failures.rethrow();
        for (int32_t pixel : open_[label])
            node_[pixel] = CLOSED;
        return take(label);
    }

    // Makes nodes of the open pixels, part by part, where something has changed since the label's last move.
    void find_parts(int32_t label)
    {
        pixels_.clear();
        parts_.clear();
        for (int32_t pixel : open_[label])
            node_[pixel] = labels_[pixel] == label ? CLOSED : OPEN;
        for (int32_t pixel : open_[label])
            if (node_[pixel] == OPEN && changed_near_[pixel] > expanded_[label])
                find_part(pixel);
        expanded_[label] = ++move_;
    }

    void find_part(int32_t pixel)
    {
        const long first = pixels_.size();
        const auto add = [&](long member) {
            node_[member] = pixels_.size();
            pixels_.push_back(member);
        };
        add(pixel);
        for (size_t next = first; next < pixels_.size(); ++next)
            visit_edges(pixels_[next], [&](long, bool, long other, float weight) {
                if (node_[other] == OPEN && weight > 0)
                    add(other);
            });
        parts_.push_back({first, long(pixels_.size())});
    }

    // Calls visit(direction, is_first, other, weight) for the edges of a pixel, which may be an edge's first.
    template <class Visit>
    void visit_edges(long pixel, Visit visit) const
    {
        const long y = pixel / grid_.width, x = pixel % grid_.width;
        for (long d = 0; d < grid_.directions; ++d) {
            const long before_y = y - grid_.offsets[d].dy, before_x = x - grid_.offsets[d].dx;
            if (grid_.has_edge(d, before_y, before_x))
                visit(d, false, pixel - grid_.step(d), grid_.weights_row(0, d, before_y)[before_x]);
            if (grid_.has_edge(d, y, x))
                visit(d, true, pixel + grid_.step(d), grid_.weights_row(0, d, y)[x]);
        }
    }

    // Adds a node's cost of switching to label c. An edge in a part costs mu(a, b) where both ends keep their labels,
    // and mu(c, b), mu(a, c) or mu(c, c) where the first, the second or both switch. That is a cost of each end that
    // does, and a cost where only one does.
    void add_costs(long node, int32_t label)
    {
        const long pixel = pixels_[node];
        const int32_t own = labels_[pixel];
        double cost = 0;
        grid_.add_change_of_cost(0, pixel / grid_.width, pixel % grid_.width, own, label, cost);
        visit_edges(pixel, [&](long d, bool is_first, long other, float weight) {
            const auto mu = [&](int32_t here, int32_t there) {
                return double(is_first ? grid_.mu(d, here, there) : grid_.mu(d, there, here));
            };
            const int32_t there = labels_[other];
            if (node_[other] < 0) {
                cost += weight * (mu(label, there) - mu(own, there));
                return;
            }
            const double neither = mu(own, there), both = mu(label, label);
            const double this_one = mu(label, there), other_one = mu(own, label);
            cost += 0.5 * weight * (this_one + both - neither - other_one);
            if (is_first && weight > 0)  // parts are not joined over others, and each has its thread
                cut_.join(node, 2 * d, node_[other],
                          std::max(0.0, 0.5 * weight * (this_one + other_one - neither - both)));
        });
        cut_.add_cost(node, cost);
    }

    // Takes the regions that switch to a label where they have less energy. Returns the change of energy.
    double take(int32_t label)
    {
        for (size_t node = 0; node < pixels_.size(); ++node)
            if (cut_.switches(node))
                proposed_[pixels_[node]] = label;
        double change = 0;
        for (int32_t pixel : pixels_) {
            if (proposed_[pixel] == labels_[pixel])
                continue;
            const double of_region = fusion_.change_of_region(pixel);
            change += std::min(of_region, 0.0);
            fusion_.leave_region([&](long member) {
                if (of_region < 0)
                    assign(member, label);
                else
                    proposed_[member] = labels_[member];
            });
        }
        return change;
    }

    void assign(long pixel, int32_t label)
    {
        open_[labels_[pixel]].push_back(pixel);
        labels_[pixel] = label;
        changed_near_[pixel] = move_;
        visit_edges(pixel, [&](long, bool, long other, float) { changed_near_[other] = move_; });
    }
};

}  // namespace crf
