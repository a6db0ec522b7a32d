// Chain ICM on any neighbourhood: solves each chain of each direction exactly, given all other labels.
//
// Included for one instruction set (see instruction_sets.hpp). Chains that are solved side by side are joined by no
// edge. A chain's new labels are taken only if they have less energy, counted edge by edge, so the energy never rises;
// that matters where another offset joins two nodes of one chain.

const long MOST_SWEEPS = 8;      // on real images it ends after three or four
const long CHAINS_AT_ONCE = 16;  // that a thread takes from the chains that are left

// One chain: the pixels `start`, start + offset, ... of an image.
struct Line {
    long image, y, x, length;
    Offset offset;

    long pixel(long node, long width) const { return (y + node * offset.dy) * width + x + node * offset.dx; }

    // The node at a pixel, -1 if there is none.
    long node_at(long at_y, long at_x) const
    {
        const long node = offset.dy ? (at_y - y) / offset.dy : (at_x - x) / offset.dx;
        const bool hit = node >= 0 && node < length && y + node * offset.dy == at_y && x + node * offset.dx == at_x;
        return hit ? node : -1;
    }
};

class ChainImprover {
public:
    ChainImprover(const PixelCosts &costs, int32_t *labels)
        : costs_(costs), grid_(costs.grid), labels_(labels), changed_near_(grid_.images * grid_.pixels())
    {
        for (long d = 0; d < grid_.directions; ++d) {
            if (grid_.offsets[d].dy >= grid_.height || std::labs(grid_.offsets[d].dx) >= grid_.width)
                continue;  // there are no edges
            for (std::vector<Start> &starts : LineColours(grid_, d).starts(grid_)) {
                Colour colour = {d, std::move(starts), {}};
                colour.solved.assign(grid_.images * colour.starts.size(), -1);
                colours_.push_back(std::move(colour));
            }
        }
    }

    void run()
    {
        for (long sweep = 0; sweep < MOST_SWEEPS; ++sweep) {
            const int before = phase_;
            for (Colour &colour : colours_)
                improve(colour);
            if (last_change_ <= before)
                return;
        }
    }

private:
    // Chains of direction d that no edge joins, with the phase in which each was solved last.
    struct Colour {
        long d;
        std::vector<Start> starts;
        std::vector<int> solved;
    };

    // Room for one chain.
    struct Scratch {
        std::vector<float> sums, edge;  // [node][label]; [label][label]
        std::vector<float> least, message;
        std::vector<int32_t> before, after;
    };

    const PixelCosts &costs_;
    const Grid &grid_;
    int32_t *labels_;
    std::vector<std::atomic<int>> changed_near_;  // the phase in which a pixel or a neighbour of it changed last
    std::vector<Colour> colours_;
    int phase_ = 0;
    std::atomic<int> last_change_{0};

    void improve(Colour &colour)
    {
        ++phase_;
        const long chains = colour.starts.size();
        #pragma omp parallel
        {
            Scratch scratch;
            #pragma omp for schedule(dynamic, CHAINS_AT_ONCE)
            for (long task = 0; task < grid_.images * chains; ++task) {
                const Line line = line_from(colour.starts[task % chains], task / chains, grid_.offsets[colour.d]);
                if (!changed_since(line, colour.solved[task]))
                    continue;
                colour.solved[task] = phase_;
                solve(line, scratch);
                if (change_of_energy(line, scratch) < 0)
                    take(line, scratch);
            }
        }
    }

    Line line_from(const Start &start, long image, const Offset &offset) const
    {
        long length = offset.dy ? (grid_.height - 1 - start.y) / offset.dy : grid_.width;
        if (offset.dx > 0)
            length = std::min(length, (grid_.width - 1 - start.x) / offset.dx);
        if (offset.dx < 0)
            length = std::min(length, start.x / -offset.dx);
        return {image, start.y, start.x, length + 1, offset};
    }

    bool changed_since(const Line &line, int phase) const
    {
        const std::atomic<int> *changed = &changed_near_[line.image * grid_.pixels()];
        for (long node = 0; node < line.length; ++node)
            if (changed[line.pixel(node, grid_.width)].load(std::memory_order_relaxed) > phase)
                return true;
        return false;
    }

    bool along(const Line &line, long d) const
    {
        return grid_.offsets[d].dy == line.offset.dy && grid_.offsets[d].dx == line.offset.dx;
    }

    // Writes the chain's best labels, given all others, to scratch.after, and its labels to scratch.before.
    void solve(const Line &line, Scratch &scratch) const
    {
        const long labels = grid_.labels;
        scratch.sums.resize(line.length * labels);
        scratch.edge.resize(labels * labels);
        scratch.least.resize(line.length);
        scratch.before.resize(line.length);
        scratch.after.resize(line.length);
        for (long node = 0; node < line.length; ++node) {
            float *sums = &scratch.sums[node * labels];
            add_costs(line, node, sums);
            scratch.before[node] = labels_[line.image * grid_.pixels() + line.pixel(node, grid_.width)];
            if (node > 0)
                pass(line, node, scratch);
            scratch.least[node] = *std::min_element(sums, sums + labels);
        }
        trace_back(line, scratch);
    }

    // The costs of a node's labels, given the labels at the other ends of all edges that do not lie along the chain.
    void add_costs(const Line &line, long node, float *sums) const
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
        const long pixel = y * grid_.width + x;
        const int32_t *map = labels_ + line.image * grid_.pixels();
        std::copy_n(costs_.of(line.image, pixel), grid_.labels, sums);
        for (long d = 0; d < grid_.directions; ++d) {
            if (along(line, d))
                continue;
            const long before_y = y - grid_.offsets[d].dy, before_x = x - grid_.offsets[d].dx, step = grid_.step(d);
            if (grid_.has_edge(d, before_y, before_x))
                costs_.add_edge(line.image, d, before_y, before_x, false, map[pixel - step], sums);
            if (grid_.has_edge(d, y, x))
                costs_.add_edge(line.image, d, y, x, true, map[pixel + step], sums);
        }
    }

    // Adds the message of the node before to a node's sums.
    void pass(const Line &line, long node, Scratch &scratch) const
    {
        const long labels = grid_.labels;
        const float *from = &scratch.sums[(node - 1) * labels];
        float *sums = &scratch.sums[node * labels];
        if (!costs_.by_right) {
            const float most = scratch.least[node - 1] + weight_of(line, node - 1);
            for (long k = 0; k < labels; ++k)
                sums[k] += std::min(from[k], most) - scratch.least[node - 1];
            return;
        }
        find_edge(line, node - 1, scratch);
        std::vector<float> &least = scratch.message;
        least.assign(labels, std::numeric_limits<float>::infinity());
        for (long k = 0; k < labels; ++k)
            for (long l = 0; l < labels; ++l)
                least[l] = std::min(least[l], from[k] + scratch.edge[k * labels + l]);
        for (long l = 0; l < labels; ++l)
            sums[l] += least[l] - scratch.least[node - 1];
    }

    // The sum of the weights of all edges from a node along the chain.
    float weight_of(const Line &line, long node) const
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
        float weight = 0;
        for (long d = 0; d < grid_.directions; ++d)
            if (along(line, d))
                weight += grid_.weights_row(line.image, d, y)[x];
        return weight;
    }

    // Writes the sum of the costs of all edges from a node along the chain to scratch.edge.
    void find_edge(const Line &line, long node, Scratch &scratch) const
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx, pairs = scratch.edge.size();
        std::fill(scratch.edge.begin(), scratch.edge.end(), 0.f);
        for (long d = 0; d < grid_.directions; ++d) {
            const float weight = along(line, d) ? grid_.weights_row(line.image, d, y)[x] : 0;
            const float *mu = grid_.compatibility + d * pairs;
            for (long i = 0; weight != 0 && i < pairs; ++i)
                scratch.edge[i] += weight * mu[i];
        }
    }

    void trace_back(const Line &line, Scratch &scratch) const
    {
        const long labels = grid_.labels;
        for (long node = line.length - 1; node >= 0; --node) {
            float *sums = &scratch.sums[node * labels];
            if (node + 1 < line.length) {
                const int32_t next = scratch.after[node + 1];
                if (!costs_.by_right) {
                    // The label stays along an uncut edge, unless staying costs more than cutting.
                    if (sums[next] <= scratch.least[node] + weight_of(line, node)) {
                        scratch.after[node] = next;
                        continue;
                    }
                } else {
                    find_edge(line, node, scratch);
                    for (long k = 0; k < labels; ++k)
                        sums[k] += scratch.edge[k * labels + next];
                }
            }
            scratch.after[node] = least_label(sums, labels);
        }
    }

    // The change of energy from taking scratch.after. An edge within the chain is counted at its first pixel.
    double change_of_energy(const Line &line, const Scratch &scratch) const
    {
        const int32_t *map = labels_ + line.image * grid_.pixels();
        double change = 0;
        for (long node = 0; node < line.length; ++node) {
            const int32_t before = scratch.before[node], after = scratch.after[node];
            const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
            const float *costs = costs_.of(line.image, y * grid_.width + x);
            change += double(costs[after]) - costs[before];
            for (long d = 0; d < grid_.directions; ++d) {
                const long dy = grid_.offsets[d].dy, dx = grid_.offsets[d].dx;
                if (grid_.has_edge(d, y, x)) {
                    const long other = line.node_at(y + dy, x + dx);
                    const int32_t there = map[(y + dy) * grid_.width + x + dx];
                    const int32_t later = other < 0 ? there : scratch.after[other];
                    if (before != after || there != later)
                        change += grid_.weights_row(line.image, d, y)[x] *
                                  (double(grid_.mu(d, after, later)) - grid_.mu(d, before, there));
                }
                if (before != after && grid_.has_edge(d, y - dy, x - dx) && line.node_at(y - dy, x - dx) < 0) {
                    const int32_t there = map[(y - dy) * grid_.width + x - dx];
                    change += grid_.weights_row(line.image, d, y - dy)[x - dx] *
                              (double(grid_.mu(d, there, after)) - grid_.mu(d, there, before));
                }
            }
        }
        return change;
    }

    void take(const Line &line, const Scratch &scratch)
    {
        const long first = line.image * grid_.pixels();
        for (long node = 0; node < line.length; ++node) {
            if (scratch.before[node] == scratch.after[node])
                continue;
            const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
            const long pixel = first + y * grid_.width + x;
            labels_[pixel] = scratch.after[node];
            note_change(pixel);
            for (long d = 0; d < grid_.directions; ++d) {
                if (grid_.has_edge(d, y, x))
                    note_change(pixel + grid_.step(d));
                if (grid_.has_edge(d, y - grid_.offsets[d].dy, x - grid_.offsets[d].dx))
                    note_change(pixel - grid_.step(d));
            }
        }
        last_change_.store(phase_, std::memory_order_relaxed);
    }

    void note_change(long pixel) { changed_near_[pixel].store(phase_, std::memory_order_relaxed); }
};
