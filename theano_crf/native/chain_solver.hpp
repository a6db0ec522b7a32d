// The exact solution of one chain of any neighbourhood, given all other labels, and what it changes.
//
// Included for one instruction set (see instruction_sets.hpp). The change of energy is counted edge by edge. That
// matters where another offset joins two nodes of the chain, since the solution takes the labels before for such edges.

// One chain: the pixels `start`, start + offset, ... of an image.
struct Line {
    long image, y, x, length;
    Offset offset;

    long pixel(long node, long width) const { return (y + node * offset.dy) * width + x + node * offset.dx; }
};

// Solves chains one after the other.
class ChainSolver {
public:
    ChainSolver(const PixelCosts &costs, const int32_t *labels) : costs_(costs), grid_(costs.grid), labels_(labels) {}

    // Finds the chain's best labels, given all others.
    void solve(const Line &line)
    {
        const long labels = grid_.labels;
        sums_.resize(line.length * labels);
        edge_.resize(labels * labels);
        least_.resize(line.length);
        before_.resize(line.length);
        after_.resize(line.length);
        nodes_along_.clear();
        for (long d = 0; d < grid_.directions; ++d)
            nodes_along_.push_back(nodes_along(line.offset, grid_.offsets[d]));
        for (long node = 0; node < line.length; ++node) {
            float *sums = &sums_[node * labels];
            ask_for(line, std::min(node + NODES_AHEAD, line.length - 1));
            add_costs(line, node, sums);
            before_[node] = labels_[line.image * grid_.pixels() + line.pixel(node, grid_.width)];
            if (node > 0)
                pass(line, node);
            least_[node] = least_cost(sums, labels);
        }
        trace_back(line);
    }

    // The change of energy from taking the labels found. An edge within the chain is counted at its first pixel.
    double change_of_energy(const Line &line) const
    {
        const int32_t *map = labels_ + line.image * grid_.pixels();
        double change = 0;
        for (long node = 0; node < line.length; ++node) {
            if (!changes_at(node, line.length))
                continue;
            const int32_t before = before_[node], after = after_[node];
            const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
            const float *costs = costs_.of(line.image, y * grid_.width + x);
            change += double(costs[after]) - costs[before];
            for (long d = 0; d < grid_.directions; ++d) {
                const long dy = grid_.offsets[d].dy, dx = grid_.offsets[d].dx, along = nodes_along_[d];
                if (grid_.has_edge(d, y, x)) {
                    const int32_t there = map[(y + dy) * grid_.width + x + dx];
                    const int32_t later = along ? after_[node + along] : there;
                    if (before != after || there != later)
                        change += grid_.weights_row(line.image, d, y)[x] *
                                  (double(grid_.mu(d, after, later)) - grid_.mu(d, before, there));
                }
                if (before != after && grid_.has_edge(d, y - dy, x - dx) && !along) {
                    const int32_t there = map[(y - dy) * grid_.width + x - dx];
                    change += grid_.weights_row(line.image, d, y - dy)[x - dx] *
                              (double(grid_.mu(d, there, after)) - grid_.mu(d, there, before));
                }
            }
        }
        return change;
    }

    // The labels before and after, of a node of the chain solved last.
    int32_t before(long node) const { return before_[node]; }
    int32_t after(long node) const { return after_[node]; }

private:
    const PixelCosts &costs_;
    const Grid &grid_;
    const int32_t *const labels_;
    std::vector<float> sums_, edge_;  // [node][label]; [label][label]
    std::vector<float> least_, message_;
    std::vector<int32_t> before_, after_;
    std::vector<long> nodes_along_;   // of each direction's edges

    // The nodes of a chain to an edge's other end, 0 if it does not lie on the chain, which ends with the image.
    static long nodes_along(const Offset &chain, const Offset &edge)
    {
        const long nodes = chain.dy ? edge.dy / chain.dy : edge.dx / chain.dx;
        return edge.dy == nodes * chain.dy && edge.dx == nodes * chain.dx ? nodes : 0;
    }

    // True if the label of a node, or of one to which an edge leads along the chain, is another than before.
    bool changes_at(long node, long length) const
    {
        bool changes = before_[node] != after_[node];
        for (long along : nodes_along_)
            changes = changes || (node + along < length && before_[node + along] != after_[node + along]);
        return changes;
    }

    // Prefetches what a node needs, which in most directions lies in another page of memory than what the last needed.
    ALWAYS_INLINE void ask_for(const Line &line, long node) const
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx, floats_per_line = 16;
        const float *costs = costs_.of(line.image, y * grid_.width + x);
        for (long k = 0; k < grid_.labels + floats_per_line - 1; k += floats_per_line)
            __builtin_prefetch(costs + std::min(k, grid_.labels - 1));
        for (long d = 0; d < grid_.directions; ++d)
            __builtin_prefetch(grid_.weights_row(line.image, d, y) + x);
        __builtin_prefetch(labels_ + (line.image * grid_.height + y) * grid_.width + x);
    }

    // The costs of a node's labels, given the labels at the other ends of all edges that do not lie along the chain.
    void add_costs(const Line &line, long node, float *sums) const
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
        const long pixel = y * grid_.width + x;
        const int32_t *map = labels_ + line.image * grid_.pixels();
        std::copy_n(costs_.of(line.image, pixel), grid_.labels, sums);
        for (long d = 0; d < grid_.directions; ++d) {
            if (nodes_along_[d] == 1)
                continue;
            const long before_y = y - grid_.offsets[d].dy, before_x = x - grid_.offsets[d].dx, step = grid_.step(d);
            if (grid_.has_edge(d, before_y, before_x))
                costs_.add_edge(line.image, d, before_y, before_x, false, map[pixel - step], sums);
            if (grid_.has_edge(d, y, x))
                costs_.add_edge(line.image, d, y, x, true, map[pixel + step], sums);
        }
    }

    // Adds the message of the node before to a node's sums.
    void pass(const Line &line, long node)
    {
        const long labels = grid_.labels;
        const float *from = &sums_[(node - 1) * labels];
        float *sums = &sums_[node * labels];
        if (!costs_.by_right) {
            const float least = least_[node - 1], most = least + weight_of(line, node - 1);
            for (long k = 0; k < labels; ++k)
                sums[k] += std::min(from[k], most) - least;
            return;
        }
        find_edge(line, node - 1);
        std::vector<float> &least = message_;
        least.assign(labels, std::numeric_limits<float>::infinity());
        for (long k = 0; k < labels; ++k)
            for (long l = 0; l < labels; ++l)
                least[l] = std::min(least[l], from[k] + edge_[k * labels + l]);
        for (long l = 0; l < labels; ++l)
            sums[l] += least[l] - least_[node - 1];
    }

    // The sum of the weights of all edges from a node along the chain.
    float weight_of(const Line &line, long node) const
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
        float weight = 0;
        for (long d = 0; d < grid_.directions; ++d)
            if (nodes_along_[d] == 1)
                weight += grid_.weights_row(line.image, d, y)[x];
        return weight;
    }

    // Writes to edge_ the sum of the costs of all edges from a node along the chain.
    void find_edge(const Line &line, long node)
    {
        const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx, pairs = edge_.size();
        std::fill(edge_.begin(), edge_.end(), 0.f);
        for (long d = 0; d < grid_.directions; ++d) {
            const float weight = nodes_along_[d] == 1 ? grid_.weights_row(line.image, d, y)[x] : 0;
            const float *mu = grid_.compatibility + d * pairs;
            for (long i = 0; weight != 0 && i < pairs; ++i)
                edge_[i] += weight * mu[i];
        }
    }

    void trace_back(const Line &line)
    {
        const long labels = grid_.labels;
        for (long node = line.length - 1; node >= 0; --node) {
            float *sums = &sums_[node * labels];
            if (node + 1 < line.length) {
                const int32_t next = after_[node + 1];
                if (!costs_.by_right) {
                    // The label stays along an uncut edge, unless staying costs more than cutting.
                    if (sums[next] <= least_[node] + weight_of(line, node)) {
                        after_[node] = next;
                        continue;
                    }
                } else {
                    find_edge(line, node);
                    for (long k = 0; k < labels; ++k)
                        sums[k] += edge_[k * labels + next];
                }
            }
            after_[node] = least_label(sums, labels);
        }
    }
};
