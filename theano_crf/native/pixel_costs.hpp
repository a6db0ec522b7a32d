// Costs of a label at each pixel, given neighbours whose labels are fixed; used by the decodings for any neighbourhood.
//
// Included for one instruction set (see instruction_sets.hpp). Costs are stored [image][y][x][label], so that loops
// over the labels are loops over vectors.

struct PixelCosts {
    const Grid &grid;
    const float *costs;     // of each label at each pixel
    const float *by_right;  // mu of all directions at [l][k]; null for Potts

    const float *of(long image, long pixel) const { return costs + (image * grid.pixels() + pixel) * grid.labels; }

    // Adds the cost of the edge from (y, x) in direction d to the costs of its first pixel, or of its second, given the
    // other's label; for Potts up to a constant.
    ALWAYS_INLINE void add_edge(long image, long d, long y, long x, bool of_first, int32_t other, float *sums) const
    {
        const float weight = grid.weights_row(image, d, y)[x];
        if (!by_right) {
            sums[other] -= weight;
            return;
        }
        const float *mu = (of_first ? by_right : grid.compatibility) + (d * grid.labels + other) * grid.labels;
        for (long k = 0; k < grid.labels; ++k)
            sums[k] += weight * mu[k];
    }
};

inline int32_t least_label(const float *costs, long labels) { return std::min_element(costs, costs + labels) - costs; }

// Four partial minima keep the comparisons from waiting for each other.
inline float least_cost(const float *costs, long labels)
{
    float least[4] = {costs[0], costs[0], costs[0], costs[0]};
    long k = 1;
    for (; k + 3 < labels; k += 4)
        for (long i = 0; i < 4; ++i)
            least[i] = std::min(least[i], costs[k + i]);
    for (; k < labels; ++k)
        least[0] = std::min(least[0], costs[k]);
    return std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
}

// Copies the rest to the order [image][y][x][label].
inline void copy_by_pixel(const Volumes &volumes, float *costs)
{
    #pragma omp parallel for
    for (long row = 0; row < volumes.images * volumes.height; ++row)
        for (long x = 0; x < volumes.width; ++x) {
            const float *rest = volumes.rest + volumes.node(row / volumes.height, x / LANES, row % volumes.height);
            for (long k = 0; k < volumes.labels; ++k)
                costs[(row * volumes.width + x) * volumes.labels + k] = rest[k * LANES + x % LANES];
        }
}
