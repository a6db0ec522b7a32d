// The lower bound that a split of the energy gives, in double precision.
//
// Included for one instruction set (see instruction_sets.hpp). The sum of the least energies of all rows and columns is
// a bound, whatever the split is. So it does not matter that the split was found in single precision.

// The least energy of a chain. `cost(node, label)` is a double, `weight(node)` is that of the edge to the next node;
// `sums` is room for [labels].
template <class Cost, class Weight>
double least_energy(long length, long labels, Cost cost, Weight weight, std::vector<double> &sums)
{
    double least = 0;
    std::fill(sums.begin(), sums.end(), 0.0);
    for (long node = 0; node < length; ++node) {
        const double most = node ? least + weight(node - 1) : 0;
        for (long k = 0; k < labels; ++k)
            sums[k] = std::min(sums[k], most) + cost(node, k);
        least = *std::min_element(sums.begin(), sums.end());
    }
    return least;
}

// The bound of one image, where `costs` are those of the columns and what is left of the unary costs those of the rows.
inline double exact_bound(const Packed &packed, const float *costs)
{
    std::vector<double> least(packed.width + packed.height);
    // made here, since an exception that leaves a parallel region ends the process
    std::vector<std::vector<double>> of_threads(omp_get_max_threads(), std::vector<double>(packed.labels));
    #pragma omp parallel
    {
        std::vector<double> &sums = of_threads[omp_get_thread_num()];
        #pragma omp for
        for (long x = 0; x < packed.width; ++x) {
            const long strip = x / LANES, lane = x % LANES;
            const float *edges = packed.column_edges + strip * packed.height * LANES + lane;
            const auto cost = [&](long y, long k) {
                return double(costs[packed.node(0, strip, y) + k * LANES + lane]);
            };
            least[x] = least_energy(packed.height, packed.labels, cost, [&](long y) { return edges[y * LANES]; }, sums);
        }
        #pragma omp for
        for (long y = 0; y < packed.height; ++y) {
            const float *edges = packed.row_edges + y / LANES * packed.width * LANES + y % LANES;
            const auto cost = [&](long x, long k) {
                const long i = packed.node(0, x / LANES, y) + k * LANES + x % LANES;
                return double(packed.unary[i]) - costs[i];
            };
            least[packed.width + y] = least_energy(packed.width, packed.labels, cost,
                                                   [&](long x) { return edges[x * LANES]; }, sums);
        }
    }
    return std::accumulate(least.begin(), least.end(), 0.0);  // in order, whatever the number of threads
}
