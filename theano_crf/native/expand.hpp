// Expansion moves over more and more of the labels that the duals leave open.
//
// Included for one instruction set (see instruction_sets.hpp).

const long ALWAYS_OPEN = 4096;         // labels that may be open however few pixels there are
const double OPEN_AT_FIRST = 1. / 16;  // labels per pixel; small steps reach less energy than a large one
const double MOST_OPEN = 2;
const double WORTH_MORE = 5e-4;  // of the cost of cut edges: twice as many are opened where the gain was as much

// The cost of an image's cut edges.
inline double cost_of_edges(const Grid &image, const int32_t *labels)
{
    std::vector<double> rows(image.height);
    #pragma omp parallel for
    for (long y = 0; y < image.height; ++y)
        rows[y] = edge_costs(image, labels, 0, y);
    return std::accumulate(rows.begin(), rows.end(), 0.0);
}

inline void expand(const Grid &grid, const Excess &excess, int32_t *labels)
{
    if (!MinimumCut::takes(grid.pixels(), 2 * grid.directions) || !allows_expansion(grid))
        return;
    for (long n = 0; n < grid.images; ++n) {
        const Grid image = image_of(grid, n);
        int32_t *map = labels + n * grid.pixels();
        const OpenLabels open(image, excess, n, map);
        int32_t before = 0;
        for (double share = OPEN_AT_FIRST; share <= MOST_OPEN; share *= 2) {
            const int32_t end = open.end(ALWAYS_OPEN + share * grid.pixels());
            if (end == before)
                continue;
            before = end;
            const double worth = WORTH_MORE * cost_of_edges(image, map);
            if (-Expansion(image, open.pixels(end), map).run() < worth)
                break;
        }
    }
}
