// DualMM on any neighbourhood: block coordinate ascent on the split of the energy into one part per direction.
//
// Included for one instruction set (see instruction_sets.hpp). A step in direction d takes back what d withholds, finds
// the minorants F of d's chains, withholds the difference and leaves F as the rest. The bound is the sum of the rest's
// least entries. Blocks of chains are independent and each is computed in the same way whichever thread takes it, so
// results do not depend on the number of threads.

// One step in direction d.
struct Step {
    const Grid &grid;
    const Volumes &volumes;
    const Chains &chains;
    long d;
    bool first;          // nothing is withheld yet
    const char *active;  // (images,), not 0 for the images to work on
    const float *by_right;  // the direction's compatibility, transposed
};

// Writes a node's results when its minorant is known.
template <class Place, class Block>
struct FinishNode {
    const Place &place;
    Block &block;

    template <class Minorant, class FlowIn, class FlowOut>
    ALWAYS_INLINE void operator()(long node, const Minorant &minorant, const FlowIn &flow_in, const FlowOut &flow_out)
    {
        place.write(block, node, minorant);
        Lanes *withheld = block.cost_at(node);
        for (long k = 0; k < block.labels; ++k)
            withheld[k] = flow_in[k] - flow_out[k];
    }
};

template <class Place, class Block>
void solve_block(const Step &step, const Place &place, Block &block)
{
    place.bind(block);
    place.read_all(block, step.first);
    FinishNode<Place, Block> finish = {place, block};
    find_minorant(block, [&](long first, long) { place.read(block, first, step.first); }, finish);
    place.write_all(block);
}

inline void set_costs(Block &, const Step &) {}

#if CRF_MODEL == CRF_MATRICES
inline void set_costs(MatrixBlock &block, const Step &step)
{
    block.by_left = step.grid.compatibility + step.d * block.Block::labels * block.Block::labels;
    block.by_right = step.by_right;
}
#endif

template <class Place, class Block>
void solve_blocks(const Step &step, Workspaces &workspaces)
{
    const long blocks = step.volumes.blocks(step.chains);
    Shares shares(step.volumes.images * blocks, omp_get_max_threads());
    #pragma omp parallel
    {
        const FlushDenormals flush;
        Block block(workspaces.of_this_thread(), step.volumes.labels);
        set_costs(block, step);
        for (long task; (task = shares.take(omp_get_thread_num())) >= 0;)
            if (step.active[task / blocks])
                solve_block(step, Place(step.volumes, step.chains, step.d, task / blocks, task % blocks), block);
    }
}

template <class Block>
void take_step(const Step &step, Workspaces &workspaces)
{
    if (step.chains.rows)
        solve_blocks<InterleavedRows, Block>(step, workspaces);
    else
        solve_blocks<ShearedColumns, Block>(step, workspaces);
}

inline void take_step(const Step &step, Workspaces &workspaces)
{
#if CRF_MODEL == CRF_MATRICES
    switch (step.volumes.labels) {
    case 11:  // CamVid's classes; 19 are Cityscapes'
        return take_step<MatrixBlockOf<11>>(step, workspaces);
    case 19:
        return take_step<MatrixBlockOf<19>>(step, workspaces);
    default:
        return take_step<MatrixBlock>(step, workspaces);
    }
#else
    switch (step.volumes.labels) {
    case 11:
        return take_step<BlockOf<11>>(step, workspaces);
    case 19:
        return take_step<BlockOf<19>>(step, workspaces);
    default:
        return take_step<Block>(step, workspaces);
    }
#endif
}

// Takes the label of least rest at each pixel of one row, the first of equal ones; returns the sum of the least rests.
inline double decide_row(const Volumes &volumes, long image, long y, int32_t *row)
{
    double bound = 0;
    for (long x = 0; x < volumes.width; x += LANES) {
        const float *rest = volumes.rest + volumes.node(image, x / LANES, y);
        const long count = std::min<long>(LANES, volumes.width - x);
        Lanes least = load(rest);
        LabelLanes label = {};
        for (int32_t k = 1; k < volumes.labels; ++k) {
            const Lanes cost = load(rest + k * LANES);
            label = cost < least ? LabelLanes{} + k : label;
            least = minimum(least, cost);
        }
        for (long lane = 0; lane < count; ++lane)
            bound += least[lane];
        store_first(row + x, label, count);
    }
    return bound;
}

// Writes labels (N, H, W) and bounds (N,) of the images that are active.
inline void decide(const Volumes &volumes, const std::vector<char> &active, int32_t *labels, double *bounds)
{
    std::vector<double> rows(volumes.images * volumes.height);
    #pragma omp parallel for
    for (long task = 0; task < volumes.images * volumes.height; ++task)
        if (active[task / volumes.height])
            rows[task] = decide_row(volumes, task / volumes.height, task % volumes.height,
                                    labels + task * volumes.width);
    for (long image = 0; image < volumes.images; ++image)
        if (active[image])
            bounds[image] = std::accumulate(rows.begin() + image * volumes.height,
                                            rows.begin() + (image + 1) * volumes.height, 0.0);
}

// Runs up to `iterations` iterations, a step in each direction. An image ends early once an iteration has raised its
// bound by no more than `tolerance` per pixel (negative infinity: never). Writes labels (N, H, W) and bounds (N,).
inline void iterate(const Grid &grid, const Volumes &volumes, const std::vector<Chains> &directions,
                    Workspaces &workspaces, long iterations, double tolerance, int32_t *labels, double *bounds)
{
    const double never = -std::numeric_limits<double>::infinity();
    const long pairs = grid.labels * grid.labels;
    std::vector<char> active(grid.images, 1);
    std::vector<double> before(grid.images, never);
    std::vector<float> by_right(grid.compatibility ? grid.directions * pairs : 0);
    for (long i = 0; i < long(by_right.size()); ++i)
        by_right[i] = grid.mu(i / pairs, i % grid.labels, i % pairs / grid.labels);
    bool going_on = true;
    for (long iteration = 0; iteration < iterations && going_on; ++iteration) {
        for (long d = 0; d < grid.directions; ++d)
            take_step({grid, volumes, directions[d], d, iteration == 0, active.data(), by_right.data() + d * pairs},
                      workspaces);
        if (tolerance == never && iteration + 1 < iterations)
            continue;
        decide(volumes, active, labels, bounds);
        for (long n = 0; n < grid.images; ++n)
            active[n] = active[n] && bounds[n] - before[n] > tolerance * grid.pixels();
        before.assign(bounds, bounds + grid.images);
        going_on = std::find(active.begin(), active.end(), 1) != active.end();
    }
    for (long n = 0; grid.truth && !grid.margins && n < grid.images; ++n)
        bounds[n] += margin_constant(grid, n);
}

// The number of floats of workspace that dual_mm needs.
inline long workspace_size(const Grid &grid) { return Volumes(grid).size(); }

inline Status dual_mm(const Grid &grid, long iterations, double tolerance, Decoding decoding, float *workspace,
                      int32_t *labels, double *bounds)
{
    const Volumes volumes(grid, workspace);
    Workspaces workspaces(Block::bytes(std::max(volumes.padded_height, volumes.padded_width), grid.labels));
    if (!workspaces.complete())
        return NO_MEMORY;
    std::vector<Chains> directions;
    for (long d = 0; d < grid.directions; ++d)
        directions.push_back(Chains(grid.offsets[d], grid.height, grid.width, volumes.padded_width));
    Status status = grid.truth ? check_labels(grid, grid.truth) : SOLVED;
    if (status == SOLVED)
        status = pack(grid, volumes, directions);
    if (status != SOLVED)
        return status;
    iterate(grid, volumes, directions, workspaces, iterations, tolerance, labels, bounds);
    return SOLVED;
}
