// One half step of DualMM: the minorants of all chains of one direction.
//
// Included once for each instruction set (see instruction_sets.hpp). Blocks of chains are independent and each
// is computed in the same way whichever thread takes it, so results do not depend on the number of threads.

// What becomes of a finished node: withheld = flow in from the left less flow out to the right.
template <Direction direction>
struct Finish {
    const Place<direction> &place;
    const Block &block;
    float *withheld;   // null: not wanted
    int32_t *labels;   // null: not wanted; columns only
    bool with_bound;
    double bound[LANES];

    void operator()(long node)
    {
        if (withheld)
            write_withheld(node);
        if (labels || with_bound)
            decide(node);
    }

    ALWAYS_INLINE Lanes withheld_at(long node, long k) const
    {
        const Lanes in = node > 0 ? block.sums_at(node)[k] : Lanes{};
        return node + 1 < block.length ? in - block.sums_at(node + 1)[k] : in;
    }

    void write_withheld(long node)
    {
        const Grid &grid = place.grid;
        if (direction == COLUMNS) {
            for (long k = 0; k < block.labels; ++k)
                store_first(withheld + k * grid.pixels() + node * grid.width, withheld_at(node, k), block.lanes);
            return;
        }
        // A row block writes a tile at a time, when its last node is finished.
        if (node % LANES != LANES - 1 && node != block.length - 1)
            return;
        const long first = node - node % LANES, count = node - first + 1;
        Lanes tile[LANES];
        for (long k = 0; k < block.labels; ++k) {
            for (long i = 0; i < LANES; ++i)
                tile[i] = i < count ? withheld_at(first + i, k) : Lanes{};
            transpose(tile);
            for (long lane = 0; lane < block.lanes; ++lane)
                store_first(withheld + k * grid.pixels() + lane * grid.width + first, tile[lane], count);
        }
    }

    // The label of least cost, the first of equals.
    void decide(long node)
    {
        const Lanes *minorant = block.cost_at(node);
        Lanes least = minorant[0];
        LabelLanes label = {};
        for (int32_t k = 1; k < block.labels; ++k) {
            label = minorant[k] < least ? LabelLanes{} + k : label;
            least = minimum(least, minorant[k]);
        }
        for (long lane = 0; lane < LANES; ++lane)
            bound[lane] += least[lane];
        if (labels)
            store_first(labels + node * place.grid.width, label, block.lanes);
    }
};

// The margin is added to the truth instead of taken from the other labels (add_margin): the difference.
template <Direction direction>
double margin_constant(const Place<direction> &place, const Block &block)
{
    const Grid &grid = place.grid;
    const int32_t *truth = grid.truth + place.dense(1);
    const long along = direction == ROWS ? 1 : grid.width, across = direction == ROWS ? grid.width : 1;
    long labelled = 0;
    for (long node = 0; node < block.length; ++node)
        for (long lane = 0; lane < block.lanes; ++lane)
            labelled += truth[node * along + lane * across] != grid.void_label;
    return -double(grid.margin) * labelled;
}

template <Direction direction>
Status solve_block(const HalfStep &step, const Place<direction> &place, Block &block, double *bound)
{
    const Grid &grid = place.grid;
    block.lanes = std::min<long>(LANES, place.chains() - place.first);
    read_block(place, step.withheld_in, block);
    if (step.check && !all_finite(block))
        return UNARY_NOT_FINITE;
    if (step.check && !edges_valid(block))
        return WEIGHTS_INVALID;
    if (grid.truth)
        add_margin(place, block);

    Finish<direction> finish = {place, block, nullptr, nullptr, bound != nullptr, {}};
    if (step.withheld_out)
        finish.withheld = step.withheld_out + place.dense(grid.labels);
    if (step.labels)
        finish.labels = step.labels + place.dense(1);
    find_minorant(block, finish);
    if (bound) {
        *bound = grid.truth ? margin_constant(place, block) : 0;
        for (long lane = 0; lane < block.lanes; ++lane)
            *bound += finish.bound[lane];
    }
    return SOLVED;
}

template <Direction direction>
Status half_step_along(const HalfStep &step, Workspaces &workspaces)
{
    const Grid &grid = *step.grid;
    const long length = direction == ROWS ? grid.width : grid.height;
    const long chains = direction == ROWS ? grid.height : grid.width;
    const long blocks = (chains + LANES - 1) / LANES, tasks = grid.images * blocks;
    std::vector<double> bounds(step.bounds ? tasks : 0);
    std::atomic<int> status(SOLVED);

    #pragma omp parallel
    {
        const FlushDenormals flush;
        Block block;
        void *memory = workspaces.of_this_thread(Block::bytes(length, grid.labels));
        if (memory)
            block.carve(memory, length, grid.labels);
        else
            status = NO_MEMORY;
        #pragma omp for schedule(dynamic)
        for (long task = 0; task < tasks; ++task) {
            const Place<direction> place = {grid, task / blocks, task % blocks * LANES};
            if (status != SOLVED || (step.active && !step.active[place.image]))
                continue;
            const Status outcome = solve_block(step, place, block, step.bounds ? &bounds[task] : nullptr);
            if (outcome != SOLVED)
                status = outcome;
        }
    }
    if (step.bounds)
        for (long image = 0; image < grid.images; ++image)
            if (!step.active || step.active[image])
                step.bounds[image] = std::accumulate(bounds.begin() + image * blocks,
                                                     bounds.begin() + (image + 1) * blocks, 0.0);
    return Status(status.load());
}

inline Status half_step(const HalfStep &step, Workspaces &workspaces)
{
    return step.direction == ROWS ? half_step_along<ROWS>(step, workspaces)
                                  : half_step_along<COLUMNS>(step, workspaces);
}
