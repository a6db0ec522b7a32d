// One half step of DualMM: the minorants of all chains of one direction.
//
// Included for one instruction set (see instruction_sets.hpp). Blocks of chains are independent and
// each is computed in the same way whichever thread takes it, so results do not depend on the number of
// threads.

struct HalfStep {
    const Grid *first;   // in the first half step the problem, still to be packed; later null; rows only
    bool keep;           // write the costs for the other direction over those of this one
    int32_t *labels;     // (images, height, width), the labels of least cost, or null; columns only
    double *bounds;      // (images,), or null
    const char *active;  // (images,), not 0 for the images to work on; null: all
    double *chains;      // (images * blocks * LANES,), the bound of each chain, or null
    Excess *excess;      // of the labels' costs, or null; only with labels
};

// Writes a node's results when its minorant is known.
template <Direction direction, class Block>
struct Finish {
    const HalfStep &step;
    const Place<direction> &place;
    const Block &block;
    double bound[LANES];

    template <class Minorant, class FlowIn, class FlowOut>
    ALWAYS_INLINE void operator()(long node, const Minorant &minorant, const FlowIn &flow_in, const FlowOut &flow_out)
    {
        if (step.labels || step.bounds || step.chains)
            decide(node, minorant);
        if (!step.keep)
            return;
        typename Place<direction>::Writer writer(place, block, node);
        for (long k = 0; k < block.labels; ++k)
            writer.write(k, flow_in[k], flow_out[k]);
        writer.finish();
    }

    // Takes the label of least cost, the first of equal ones.
    template <class Minorant>
    void decide(long node, const Minorant &minorant)
    {
        Lanes least = minorant(0);
        LabelLanes label = {};
        for (int32_t k = 1; k < block.labels; ++k) {
            const Lanes cost = minorant(k);
            label = cost < least ? LabelLanes{} + k : label;
            least = minimum(least, cost);
        }
        for (long lane = 0; lane < LANES; ++lane)
            bound[lane] += least[lane];
        if (direction == COLUMNS && step.labels)
            write_labels(place, node, label);
        if (direction == COLUMNS && step.excess)
            write_excess(place, node, minorant, least);
    }

    template <class Minorant>
    void write_excess(const Place<COLUMNS> &columns, long node, const Minorant &minorant, Lanes least)
    {
        step.excess->write(columns.image, columns.strip, node, minorant, least);
    }
    template <class Minorant>
    void write_excess(const Place<ROWS> &, long, const Minorant &, Lanes) {}

    void write_labels(const Place<COLUMNS> &columns, long node, LabelLanes label)
    {
        const Packed &packed = columns.packed;
        int32_t *row = step.labels + (columns.image * packed.height + node) * packed.width;
        store_first(row + columns.strip * LANES, label, block.lanes);
    }
    void write_labels(const Place<ROWS> &, long, LabelLanes) {}
};

template <Direction direction, class Block>
double solve_block(const HalfStep &step, const Place<direction> &place, Block &block, double *chains)
{
    place.bind(block, step.keep);
    Finish<direction, Block> finish = {step, place, block, {}};
    const auto read = [&](long first, long ahead) { place.read(block, first, ahead); };
    find_minorant(block, read, finish);
    if (chains)
        std::copy(finish.bound, finish.bound + block.lanes, chains);
    return std::accumulate(finish.bound, finish.bound + block.lanes, 0.0);
}

template <Direction direction, class Block>
Status solve_blocks(const Packed &packed, const HalfStep &step, Workspaces &workspaces)
{
    std::atomic<int> status(SOLVED);
    const long blocks = Place<direction>::blocks(packed);
    const float *costs = step.first ? packed.unary : packed.costs;
    std::vector<double> bounds(packed.images * blocks);
    Shares shares(packed.images * blocks, omp_get_max_threads());

    #pragma omp parallel
    {
        const FlushDenormals flush;
        Block block(workspaces.of_this_thread(), packed.labels);
        for (long task; (task = shares.take(omp_get_thread_num())) >= 0;)
            if (!step.active || step.active[task / blocks]) {
                if (step.first) {
                    const Status packing = pack_band(*step.first, packed, task / blocks, task % blocks);
                    if (packing != SOLVED)
                        status = packing;
                }
                bounds[task] = solve_block(step, Place<direction>(packed, costs, task), block,
                                           step.chains ? step.chains + task * LANES : nullptr);
            }
    }
    for (long image = 0; step.bounds && image < packed.images; ++image)
        if (!step.active || step.active[image])
            step.bounds[image] = std::accumulate(bounds.begin() + image * blocks,
                                                 bounds.begin() + (image + 1) * blocks, 0.0);
    return Status(status.load());
}

template <Direction direction>
Status half_step(const Packed &packed, const HalfStep &step, Workspaces &workspaces)
{
    switch (packed.labels) {
    case 11:  // CamVid's classes; 19 are Cityscapes'
        return solve_blocks<direction, BlockOf<11>>(packed, step, workspaces);
    case 19:
        return solve_blocks<direction, BlockOf<19>>(packed, step, workspaces);
    default:
        return solve_blocks<direction, Block>(packed, step, workspaces);
    }
}
