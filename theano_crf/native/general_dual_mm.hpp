// DualMM on any neighbourhood: block coordinate ascent on the split of the energy into one part per direction.
//
// Included for one instruction set (see instruction_sets.hpp). The bound is the sum of the rest's least entries after a
// step (see general_step.hpp).

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

// The excess of the labels' costs in the rest.
inline Excess excess_of_rest(const Volumes &volumes, const Grid &grid)
{
    Excess excess(grid);
    #pragma omp parallel for
    for (long task = 0; task < grid.images * excess.strips; ++task) {
        const FlushDenormals flush;
        for (long y = 0; y < grid.height; ++y) {
            const long image = task / excess.strips, strip = task % excess.strips;
            const float *rest = volumes.rest + volumes.node(image, strip, y);
            const auto cost = [&](long k) { return load(rest + k * LANES); };
            excess.write(image, strip, y, cost, least_over(grid.labels, cost));
        }
    }
    return excess;
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

// DualMM for one problem.
class GeneralSolver {
public:
    GeneralSolver(const Grid &grid, float *workspace)
        : grid_(grid), volumes_(grid, workspace),
          workspaces_(Block::bytes(std::max(volumes_.padded_height, volumes_.padded_width), grid.labels)),
          active_(grid.images, 1)
    {
        const long labels = grid.labels;
        for (long d = 0; d < grid.directions; ++d)
            directions_.push_back(Chains(grid.offsets[d], grid.height, grid.width, volumes_.padded_width));
        for (long i = 0; grid.compatibility && i < grid.directions * labels * labels; ++i)
            by_right_.push_back(grid.mu(i / (labels * labels), i % labels, i / labels % labels));
    }

    Status prepare()
    {
        if (!workspaces_.complete())
            return NO_MEMORY;
        const Status status = grid_.truth ? check_labels(grid_, grid_.truth) : SOLVED;
        return status == SOLVED ? pack(grid_, volumes_, directions_) : status;
    }

    // Runs up to `iterations` iterations, a step in each direction. An image ends early once an iteration has raised
    // its bound by no more than `tolerance` per pixel (negative infinity: never). Writes labels (N, H, W) and bounds.
    void iterate(long iterations, double tolerance, int32_t *labels, double *bounds)
    {
        const double never = -std::numeric_limits<double>::infinity();
        std::vector<double> before(grid_.images, never);
        bool going_on = true;
        for (long iteration = 0; iteration < iterations && going_on; ++iteration) {
            for (long d = 0; d < grid_.directions; ++d)
                take_step(next_step(d, iteration, tolerance == never && iteration + 1 < iterations), workspaces_);
            if (tolerance == never && iteration + 1 < iterations)
                continue;
            decide(volumes_, active_, labels, bounds);
            for (long n = 0; n < grid_.images; ++n)
                active_[n] = active_[n] && bounds[n] - before[n] > tolerance * grid_.pixels();
            before.assign(bounds, bounds + grid_.images);
            going_on = std::find(active_.begin(), active_.end(), 1) != active_.end();
        }
        for (long n = 0; grid_.truth && !grid_.margins && n < grid_.images; ++n)
            bounds[n] += margin_constant(grid_, n);
    }

    // Improves the labels of least rest; the volumes are used up.
    void decode(Decoding decoding, int32_t *labels)
    {
        active_.assign(grid_.images, 1);
        const PixelCosts costs = {grid_, volumes_.withheld, by_right()};
        const std::unique_ptr<const Excess> excess(decoding == ICM ? new Excess(excess_of_rest(volumes_, grid_))
                                                                  : nullptr);
        add_all_messages();
        copy_by_pixel(volumes_, volumes_.withheld);
        label_in_sequence(costs, labels);
        if (decoding != ICM)
            return;
        pack_costs();
        copy_by_pixel(volumes_, volumes_.withheld);
        ChainImprover(costs, labels).run();
        expand(grid_, *excess, labels);
    }

private:
    const Grid &grid_;
    const Volumes volumes_;
    Workspaces workspaces_;
    std::vector<Chains> directions_;
    std::vector<float> by_right_;
    std::vector<char> active_;

    bool in_rest_ = true;  // false if what rests has been added to what the next direction withholds

    const float *by_right() const { return grid_.compatibility ? by_right_.data() : nullptr; }

    Step step(long d, bool first) const
    {
        return {grid_, volumes_, directions_[d], d, first, true, volumes_.what_rests(), active_.data(), by_right()};
    }

    // A step of an iteration, which goes on with the next unless labels are read off at its end. What rests is added to
    // what the next direction withholds, if there is something, so that the next step reads one volume, not two. Rows
    // whose nodes are not all columns take it from the rest, as their tiles are not solved in place.
    Step next_step(long d, long iteration, bool goes_on)
    {
        const bool last = d + 1 == grid_.directions;
        const long next = last ? 0 : d + 1;
        const Chains &chains = directions_[next];
        Step one = step(d, iteration == 0);
        one.from_rest = in_rest_;
        in_rest_ = next == d || (chains.rows && !chains.in_order()) || (last ? !goes_on : iteration == 0);
        if (!in_rest_)
            one.to = volumes_.costs_of(chains, next);
        return one;
    }

    // Replaces the rest by the unary costs and the messages from behind of all directions.
    void add_all_messages()
    {
        for (long d = 0; d < grid_.directions; ++d)
            work_on<GeneralBlock>(step(d, false), workspaces_, PassToTheFirst());
        pack_costs();
        for (long d = 0; d < grid_.directions; ++d)
            work_on<GeneralBlock>(step(d, false), workspaces_, AddMessages());
    }

    void pack_costs()
    {
        #pragma omp parallel for
        for (long task = 0; task < grid_.images * grid_.height; ++task)
            pack_unary(grid_, volumes_, task / grid_.height, task % grid_.height);
    }
};

// The number of floats of workspace that dual_mm needs.
inline long workspace_size(const Grid &grid, long) { return Volumes(grid).size(); }

inline Status dual_mm(const Grid &grid, long iterations, double tolerance, Decoding decoding, float *workspace,
                      int32_t *labels, double *bounds)
{
    GeneralSolver solver(grid, workspace);
    const Status status = solver.prepare();
    if (status != SOLVED)
        return status;
    solver.iterate(iterations, tolerance, labels, bounds);
    if (decoding != ARGMIN)
        solver.decode(decoding, labels);
    return SOLVED;
}
