// Expansion moves (Boykov, Veksler, Zabih 2001) over open labels: each moves pixels to one label, the best of all such moves.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "fusion.hpp"
#include "minimum_cut.hpp"

namespace crf {

// Pixels of one image at which each label is open.
struct OpenLabels {
    std::vector<int32_t> pixels;  // of all labels, one after the other
    std::vector<long> first;      // (labels + 1,)
};

class Expansion {
public:
    Expansion(const Grid &image, const OpenLabels &open, int32_t *labels)
        : grid_(image), open_(open), labels_(labels), proposed_(labels, labels + image.pixels()),
          node_(image.pixels(), NOT_OPEN), changed_near_(image.pixels(), 0), expanded_(image.labels, -1),
          cut_(2 * image.directions), fusion_(image, 0, labels, proposed_.data())
    {
    }
    long nodes_total = 0, parts_total = 0, cycles = 0;

    void run()
    {
        for (long cycle = 0; cycle < MOST_CYCLES; ++cycle) {
            bool changed = false;
            for (int32_t label = 0; label < grid_.labels; ++label)
                changed = expand(label) || changed;
            ++cycles;
            if (!changed)
                return;
        }
    }

private:
    static const long MOST_CYCLES = 8;
    static const int32_t NOT_OPEN = -1, OPEN = -2;

    struct Part { long first, end; };

    const Grid grid_;
    const OpenLabels &open_;
    int32_t *const labels_;
    std::vector<int32_t> proposed_, node_;
    std::vector<int32_t> changed_near_;
    std::vector<int32_t> expanded_;
    std::vector<int32_t> members_;   // the pixel of each node
    std::vector<Part> parts_;
    MinimumCut cut_;
    Fusion fusion_;
    int32_t time_ = 0;

    bool expand(int32_t label)
    {
        const int32_t *begin = open_.pixels.data() + open_.first[label], *end = open_.pixels.data() + open_.first[label + 1];
        for (const int32_t *pixel = begin; pixel < end; ++pixel)
            if (labels_[*pixel] != label)
                node_[*pixel] = OPEN;
        members_.clear();
        parts_.clear();
        for (const int32_t *pixel = begin; pixel < end; ++pixel)
            if (node_[*pixel] == OPEN && changed_near_[*pixel] > expanded_[label])
                collect(*pixel);
        expanded_[label] = time_++;
        cut_.reset(members_.size());
        nodes_total += members_.size();
        parts_total += parts_.size();
        #pragma omp parallel for schedule(dynamic)
        for (long part = 0; part < long(parts_.size()); ++part) {
            for (long node = parts_[part].first; node < parts_[part].end; ++node)
                set_costs(node, label);
            cut_.solve(parts_[part].first, parts_[part].end);
        }
        for (const int32_t *pixel = begin; pixel < end; ++pixel)
            node_[*pixel] = NOT_OPEN;
        bool changed = false;
        for (size_t node = 0; node < members_.size(); ++node)
            if (cut_.switches(node))
                proposed_[members_[node]] = label;
        for (size_t node = 0; node < members_.size(); ++node)
            if (proposed_[members_[node]] != labels_[members_[node]])
                fusion_.decide(members_[node], [&](const std::vector<long> &region, bool taken) {
                    changed = changed || taken;
                    for (long member : region) {
                        if (taken) note_change(member);
                        else proposed_[member] = labels_[member];
                    }
                });
        return changed;
    }

    template <class Visit>
    void visit_neighbours(long pixel, Visit visit) const
    {
        const long y = pixel / grid_.width, x = pixel % grid_.width;
        for (long d = 0; d < grid_.directions; ++d) {
            const long before_y = y - grid_.offsets[d].dy, before_x = x - grid_.offsets[d].dx;
            if (grid_.has_edge(d, y, x))
                visit(2 * d, pixel + grid_.step(d), grid_.weights_row(0, d, y)[x]);
            if (grid_.has_edge(d, before_y, before_x))
                visit(2 * d + 1, pixel - grid_.step(d), grid_.weights_row(0, d, before_y)[before_x]);
        }
    }

    void note_change(long pixel)
    {
        changed_near_[pixel] = time_;
        visit_neighbours(pixel, [&](long, long other, float) { changed_near_[other] = time_; });
    }

    void collect(long seed)
    {
        const long first = members_.size();
        node_[seed] = first;
        members_.push_back(seed);
        for (long next = first; next < long(members_.size()); ++next)
            visit_neighbours(members_[next], [&](long, long other, float weight) {
                if (node_[other] == OPEN && weight > 0) {
                    node_[other] = members_.size();
                    members_.push_back(other);
                }
            });
        parts_.push_back({first, long(members_.size())});
    }

    void set_costs(long node, int32_t label)
    {
        const long pixel = members_[node];
        const int32_t here = labels_[pixel];
        double cost = grid_.change_of_cost(0, pixel, here, label);
        visit_neighbours(pixel, [&](long slot, long other, float weight) {
            const int32_t there = labels_[other];
            const long d = slot / 2;
            const bool is_first = slot % 2 == 0;
            const auto mu = [&](int32_t own, int32_t others) {
                return double(is_first ? grid_.mu(d, own, others) : grid_.mu(d, others, own));
            };
            if (node_[other] < 0) {
                cost += weight * (mu(label, there) - mu(here, there));
                return;
            }
            const double both = mu(label, label), none = mu(here, there), own = mu(label, there), others = mu(here, label);
            cost += 0.5 * weight * (own + both - none - others);
            if (is_first)
                cut_.join(node, slot, node_[other], std::max(0.0, 0.5 * weight * (own + others - none - both)));
        });
        cut_.add_cost(node, cost);
    }
};

}  // namespace crf
