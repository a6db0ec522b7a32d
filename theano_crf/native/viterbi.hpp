// Rows solved exactly, LANES at a time, with the labels of neighbouring rows held fixed; and Viterbi decoding.
//
// Included for one instruction set (see instruction_sets.hpp). Chains that are solved together are no neighbours, so
// the result depends on neither the number of threads nor that of lanes.

const long BAND_HEIGHT = 16;  // rows that Viterbi decoding solves one after the other

// Rows first, first + step, ..., one per lane.
struct RowSet {
    const Grid &grid;
    const Packed &packed;
    long image, first, step;

    long row(long lane) const { return first + lane * step; }
    long lanes() const { return std::min<long>(LANES, (packed.height - first + step - 1) / step); }
    const float *right(long y) const
    {
        return grid.weights + image * grid.weights_n + ROWS * grid.weights_c + y * grid.weights_y;
    }
    const float *down(long y) const { return right(y) + grid.weights_c; }

    // Reads the edges and the costs: unary, plus `messages` (a volume in packed order) unless it is null.
    void read(const float *messages, Block &block) const
    {
        Lanes tile[LANES] = {}, columns[LANES];  // past the last row zeros
        long starts[LANES];
        block.shape(packed.width, lanes(), nullptr);
        for (long lane = 0; lane < block.lanes; ++lane)
            starts[lane] = packed.node(image, 0, row(lane));
        for (long x = 0; x < block.length; x += LANES) {
            const long count = std::min<long>(LANES, block.length - x);
            Lanes *const costs = block.cost_at(x);
            for (long k = 0; k < block.labels; ++k) {
                for_first(block.lanes, [&](long lane) {
                    const long at = starts[lane] + k * LANES, next = at + packed.tile_size();
                    __builtin_prefetch(packed.unary + next, 0, 2);
                    tile[lane] = load(packed.unary + at);
                    if (messages) {
                        __builtin_prefetch(messages + next, 0, 2);
                        tile[lane] += load(messages + at);
                    }
                });
                load_transposed(reinterpret_cast<const float *>(tile), LANES, columns);
                for_first(count, [&](long i) { costs[i * block.labels + k] = columns[i]; });
            }
            for (long lane = 0; lane < block.lanes; ++lane) {
                starts[lane] += packed.tile_size();
                tile[lane] = load_first(right(row(lane)) + x, count);
            }
            load_transposed(reinterpret_cast<const float *>(tile), LANES, columns);
            std::copy(columns, columns + count, block.own_edges + x);
        }
    }

    // Adds weight * [k != label], up to a constant, for the neighbours in row y + shift, whose labels are held fixed.
    // `rows` is the label map.
    void hold(const int32_t *rows, long shift, Block &block) const
    {
        for (long lane = 0; lane < block.lanes; ++lane) {
            const long y = row(lane), neighbour = y + shift;
            if (neighbour < 0 || neighbour >= packed.height)
                continue;
            const int32_t *held = rows + (image * packed.height + neighbour) * packed.width;
            const float *weights = down(std::min(y, neighbour));
            for (long x = 0; x < block.length; ++x)
                block.entry(x, held[x], lane) -= weights[x];
        }
    }
};

// Calls assign(node, label) from right to left with the labels of least cost of one lane's chain. Takes the sums that
// pass_from_the_left leaves.
template <class Assign>
void trace_back(const Block &block, long lane, Assign assign)
{
    int32_t label = -1;
    for (long node = block.length - 1; node >= 0; --node) {
        const float *sums = reinterpret_cast<const float *>(node ? block.sums_at(node) : block.cost) + lane;
        const float least = block.least[node][lane];
        // The label stays along an uncut edge; where staying costs more than cutting, the best label is taken.
        if (label < 0 || sums[label * LANES] - least > block.edge[node][lane])
            for (label = 0; sums[label * LANES] > least;)
                ++label;
        assign(node, label);
    }
}

inline void pass_from_the_left(Block &block)
{
    const Lanes *sums = block.cost;
    block.least[0] = least_of(sums, block.labels);
    for (long node = 1; node < block.length; ++node) {
        block.least[node] = pass_message<true>(sums, block.least[node - 1], block.edge[node - 1], block.cost_at(node),
                                               block.sums_at(node), block.labels);
        sums = block.sums_at(node);
    }
}

// Passes messages up the columns, each the minimum over all pixels below, and writes them over the columns' costs.
inline void pass_upwards(const Place<COLUMNS> &place, Block &block)
{
    const Packed &packed = place.packed;
    place.bind(block, false);
    Lanes *incoming = block.cost, *sums = block.sums;
    std::fill_n(incoming, packed.labels, Lanes{});
    for (long y = packed.height - 1; y >= 0; --y) {
        const long start = packed.node(place.image, place.strip, y);
        for (long k = 0; k < packed.labels; ++k) {
            float *costs = packed.costs + start + k * LANES;
            sums[k] = load(costs) + incoming[k];
            store(costs, incoming[k]);
        }
        const Lanes least = least_of(sums, packed.labels);
        for (long k = 0; y > 0 && k < packed.labels; ++k)
            incoming[k] = minimum(sums[k] - least, block.edge[y - 1]);
    }
}

// Solves each row exactly, given the row above and the messages from below. `labels` come in as those of least cost;
// regions where these are better keep them. Bands of rows are solved in parallel; the row above a band has its labels
// of least cost.
inline void viterbi(const Grid &grid, const Packed &packed, Workspaces &workspaces, int32_t *labels)
{
    const std::vector<int32_t> argmin(labels, labels + grid.images * grid.pixels());
    const long bands = (packed.height + BAND_HEIGHT - 1) / BAND_HEIGHT, groups = (bands + LANES - 1) / LANES;
    #pragma omp parallel
    {
        const FlushDenormals flush;
        Block block(workspaces.of_this_thread(), packed.labels);
        #pragma omp for schedule(dynamic)
        for (long task = 0; task < packed.images * packed.strips; ++task)
            pass_upwards(Place<COLUMNS>(packed, packed.costs, task), block);
        #pragma omp for schedule(dynamic)
        for (long task = 0; task < packed.images * groups; ++task)
            for (long y = 0; y < BAND_HEIGHT; ++y) {
                const RowSet rows = {grid, packed, task / groups, task % groups * LANES * BAND_HEIGHT + y,
                                     BAND_HEIGHT};
                if (rows.first >= packed.height)
                    break;
                rows.read(packed.costs, block);
                rows.hold(y == 0 ? argmin.data() : labels, -1, block);
                pass_from_the_left(block);
                for (long lane = 0; lane < block.lanes; ++lane) {
                    int32_t *row = labels + (rows.image * packed.height + rows.row(lane)) * packed.width;
                    trace_back(block, lane, [&](long x, int32_t label) { row[x] = label; });
                }
            }
    }
    fuse(grid, labels, argmin.data());
}
