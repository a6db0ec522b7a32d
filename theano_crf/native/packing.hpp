// Unary costs and margins on their way into the solver's volumes.
//
// Included for one instruction set (see instruction_sets.hpp). A volume's layout has labels, width, strips and
// node(image, strip, y), the offset of [label][LANES columns].

// Copies one row of an image, `pitch` floats from label to label, to the strips of `volume`. False if a value is not
// finite or too large.
template <class Layout>
bool pack_row(const float *row, long pitch, const Layout &packed, long image, long y, float *volume)
{
    const Lanes most = broadcast(LARGEST_COST);
    LabelLanes allowed = ~LabelLanes{};  // all bits set
    for (long strip = 0; strip < packed.strips; ++strip)
        for (long k = 0; k < packed.labels; ++k) {
            const long x = strip * LANES;
            const Lanes values = load_first(row + k * pitch + x, std::min<long>(LANES, packed.width - x));
            allowed &= (values <= most) & (values >= -most);  // false where a value is NaN
            store(volume + packed.node(image, strip, y) + k * LANES, values);
        }
    return all_of(allowed);
}

// Adds the loss augmentation. For one margin -margin * [k != truth] equals +margin * [k == truth] up to a constant at
// each labelled pixel, so only one label's cost changes per pixel.
template <class Layout>
void add_margin_to_row(const Grid &grid, const Layout &packed, long image, long y, float *volume)
{
    const int32_t *truth = grid.truth + (image * grid.height + y) * grid.width;
    for (long x = 0; x < grid.width; ++x) {
        if (truth[x] == grid.void_label)
            continue;
        float *costs = volume + packed.node(image, x / LANES, y) + x % LANES;
        if (!grid.margins)
            costs[truth[x] * LANES] += grid.margin;
        for (long k = 0; grid.margins && k < grid.labels; ++k)
            costs[k * LANES] -= grid.margin_of(image, truth[x], k);
    }
}

// The constant to add to a bound because the margin is added to the true label's cost instead of taken from all others
// (add_margin_to_row).
inline double margin_constant(const Grid &grid, long image)
{
    const int32_t *truth = grid.truth + image * grid.pixels();
    const long labelled = grid.pixels() - std::count(truth, truth + grid.pixels(), grid.void_label);
    return -double(grid.margin) * labelled;
}
