// DualMM: block coordinate ascent on the split of the energy into rows and columns.
//
// Included for one instruction set (see instruction_sets.hpp).

// Runs up to `iterations` iterations. An image ends early once an iteration has raised its bound by no more than
// `tolerance` per pixel (negative infinity: never). Writes labels (N, H, W), lower bounds (N,) and which images ended
// early (N,), and leaves in packed.costs the costs before the last half step over the columns. Writes the excess of the
// labels' costs unless it is null.
inline Status iterate(const Grid &grid, const Packed &packed, Workspaces &workspaces, long iterations, double tolerance,
                      int32_t *labels, double *bounds, std::vector<char> &stalled, Excess *excess = nullptr)
{
    const double never = -std::numeric_limits<double>::infinity();
    const bool may_stop = tolerance > never;
    std::vector<double> before(grid.images, never), now(grid.images);
    std::vector<char> going_on(grid.images, 1), ending(grid.images);
    long remaining = grid.images;

    for (long iteration = 1; iteration <= iterations && remaining > 0; ++iteration) {
        double *row_bounds = may_stop ? now.data() : nullptr;
        const Grid *first = iteration == 1 ? &grid : nullptr;
        const Status status = half_step<ROWS>(packed, {first, true, nullptr, row_bounds, going_on.data()}, workspaces);
        if (status != SOLVED)
            return status;
        for (long n = 0; n < grid.images; ++n) {
            if (going_on[n])
                stalled[n] = may_stop && now[n] - before[n] <= tolerance * grid.pixels();
            ending[n] = going_on[n] && (iteration == iterations || stalled[n]);
            going_on[n] = going_on[n] && !ending[n];
            remaining -= ending[n];
        }
        before = now;
        if (remaining > 0)
            half_step<COLUMNS>(packed, {nullptr, true, nullptr, nullptr, going_on.data()}, workspaces);
        half_step<COLUMNS>(packed, {nullptr, false, labels, bounds, ending.data(), nullptr, excess}, workspaces);
    }
    return SOLVED;
}

// The number of floats of workspace that dual_mm and single_step need.
inline long workspace_size(const Grid &grid, long iterations)
{
    return Packed(grid).size(iterations > EARLY_ITERATIONS);
}

inline size_t block_bytes(const Grid &grid)
{
    return Block::bytes(std::max(grid.width, grid.height), grid.labels);
}

inline Status dual_mm(const Grid &grid, long iterations, double tolerance, Decoding decoding,
                      float *workspace, int32_t *labels, double *bounds)
{
    const Packed packed(grid, workspace);
    Workspaces workspaces(block_bytes(grid));
    std::vector<char> stalled(grid.images);
    Status status = workspaces.complete() ? SOLVED : NO_MEMORY;
    if (status == SOLVED && grid.truth)
        status = check_labels(grid, grid.truth);
    const bool ends_early = iterations <= EARLY_ITERATIONS;
    std::unique_ptr<Excess> excess(decoding == ICM && ends_early ? new Excess(grid) : nullptr);
    if (status == SOLVED)
        status = iterate(grid, packed, workspaces, std::min(iterations, EARLY_ITERATIONS), tolerance, labels, bounds,
                         stalled, excess.get());
    if (status != SOLVED)
        return status;
    if (ends_early)
        decode(grid, packed, workspaces, decoding, excess.get(), labels);
    for (long n = 0; !ends_early && n < grid.images; ++n) {
        const Grid image = image_of(grid, n);
        LateIterations late(image, packed.of_image(n), workspaces, decoding, labels + n * grid.pixels(), bounds[n]);
        bounds[n] = stalled[n] ? late.finish() : late.run(iterations, tolerance);
    }
    for (long n = 0; grid.truth && !grid.margins && n < grid.images; ++n)
        bounds[n] += margin_constant(grid, n);
    return SOLVED;
}

// One half step between volumes in the order (N, K, H, W); `before` and `after` may be the same.
inline Status single_step(const Grid &grid, Direction direction, const float *before, float *workspace,
                          float *after, double *bounds)
{
    const Packed packed(grid, workspace);
    Workspaces workspaces(block_bytes(grid));
    Status status = workspaces.complete() ? pack(grid, packed) : NO_MEMORY;
    if (status != SOLVED)
        return status;
    const long rows = grid.images * grid.height;
    bool finite = true;
    #pragma omp parallel for reduction(&& : finite)
    for (long row = 0; row < rows; ++row) {
        const long image = row / grid.height, y = row % grid.height;
        finite = pack_row(before + image * grid.volume() + y * grid.width, grid.pixels(), packed, image, y,
                          packed.costs) && finite;
        take_row_from_unary(packed, image, y);
    }
    if (!finite)
        return WITHHELD_INVALID;
    const HalfStep step = {nullptr, true, nullptr, bounds, nullptr};
    if (direction == ROWS)
        half_step<ROWS>(packed, step, workspaces);
    else
        half_step<COLUMNS>(packed, step, workspaces);
    #pragma omp parallel for
    for (long row = 0; row < rows; ++row) {
        const long image = row / grid.height, y = row % grid.height;
        take_row_from_unary(packed, image, y);
        unpack_row(packed, image, y, packed.costs, after + image * grid.volume() + y * grid.width,
                   grid.pixels());
    }
    return SOLVED;
}
