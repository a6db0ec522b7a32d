// Labels pixel after pixel, each given the labels before it and the messages from behind it in all directions.
//
// Included for one instruction set (see instruction_sets.hpp).

const long BAND_HEIGHT = 16;  // rows that are labelled one after the other; bands are labelled side by side

template <class Block>
ALWAYS_INLINE void message_from_behind(Potts, const Block &block, const Sums &sums, Lanes weight, Lanes *message)
{
    for (long k = 0; k < block.labels; ++k)
        message[k] = minimum(sums.values[k] - sums.least, weight);
}

template <class Block>
void message_from_behind(Matrices, const Block &block, const Sums &sums, Lanes weight, Lanes *message)
{
    least_sums(block, block.by_left, sums.values, weight,
               [&](long k, Lanes least) { message[k] = least - sums.least; });
}

// Passes messages from the last node to the first, and writes them over the costs of the nodes that they reach.
template <class Block>
void pass_to_the_first(Block &block)
{
    Lanes *const message = block.passing[0][0], *const sums = block.passing[0][1];
    std::fill_n(message, block.labels, Lanes{});
    for (long node = block.length - 1; node >= 0; --node) {
        Lanes *cost = block.cost_at(node);
        for (long k = 0; k < block.labels; ++k) {
            sums[k] = cost[k] + message[k];
            cost[k] = message[k];
        }
        if (node > 0)
            message_from_behind(typename Block::Model(), block, {sums, least_of(sums, block.labels)},
                                block.edge[node - 1], message);
    }
}

// The messages from behind, in place of what the direction withholds.
struct PassToTheFirst {
    static const bool WRITES_REST = false;

    template <class Place, class Block>
    void operator()(const Place &place, Block &block) const
    {
        for (long first = 0; first < block.length; first += LANES)
            place.read(block, first, first);
        pass_to_the_first(block);
    }
};

// Adds a direction's messages to the rest.
struct AddMessages {
    static const bool WRITES_REST = true;

    template <class Place, class Block>
    void operator()(const Place &place, Block &block) const
    {
        for (long first = 0; first < block.length; first += LANES)
            place.read(block, first, first);
        for (long node = 0; node < block.length; ++node) {
            place.write(block, node, [&](long k) { return block.cost_at(node)[k]; });
            place.finish(block, node);
        }
    }
};

// Labels the rows of one band; the labels above it are those of `above`. `sums` is room for [labels].
inline void label_band(const PixelCosts &costs, long image, long first, const int32_t *above, int32_t *labels,
                       std::vector<float> &sums)
{
    const Grid &grid = costs.grid;
    const long width = grid.width, offset = image * grid.pixels();
    for (long y = first; y < std::min(first + BAND_HEIGHT, grid.height); ++y)
        for (long x = 0; x < width; ++x) {
            const long pixel = y * width + x;
            std::copy_n(costs.of(image, pixel), grid.labels, sums.data());
            for (long d = 0; d < grid.directions; ++d) {
                const long before_y = y - grid.offsets[d].dy, before_x = x - grid.offsets[d].dx;
                if (grid.has_edge(d, before_y, before_x)) {
                    const int32_t *map = before_y < first ? above : labels;
                    costs.add_edge(image, d, before_y, before_x, false, map[offset + before_y * width + before_x],
                                   sums.data());
                }
            }
            labels[offset + pixel] = least_label(sums.data(), grid.labels);
        }
}

// `labels` come in as those of least rest; regions where these are better keep them. `costs` hold the unary costs and
// the messages of all directions.
inline void label_in_sequence(const PixelCosts &costs, int32_t *labels)
{
    const Grid &grid = costs.grid;
    const std::vector<int32_t> argmin(labels, labels + grid.images * grid.pixels());
    const long bands = (grid.height + BAND_HEIGHT - 1) / BAND_HEIGHT;
    // made here, since an exception that leaves a parallel region ends the process
    std::vector<std::vector<float>> of_threads(omp_get_max_threads(), std::vector<float>(grid.labels));
    #pragma omp parallel for schedule(dynamic)
    for (long task = 0; task < grid.images * bands; ++task)
        label_band(costs, task / bands, task % bands * BAND_HEIGHT, argmin.data(), labels,
                   of_threads[omp_get_thread_num()]);
    fuse(grid, labels, argmin.data());
}
