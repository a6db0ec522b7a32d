// One step of DualMM on any neighbourhood: the minorants of all chains of one direction, or another task for them.
//
// Included for one instruction set (see instruction_sets.hpp). A step in direction d takes back what d withholds, finds
// the minorants F of d's chains, withholds the difference and leaves F as the rest. Blocks of chains are independent.
// Each is computed in the same way whichever thread takes it, so results do not depend on the number of threads.

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
        place.finish(block, node);
    }
};

// Finds the minorants of one class of chains.
struct FindMinorants {
    static const bool WRITES_REST = true;

    template <class Place, class Block>
    void operator()(const Place &place, Block &block) const
    {
        FinishNode<Place, Block> finish = {place, block};
        find_minorant(block, [&](long first, long next) { place.read(block, first, next); }, finish);
    }
};

template <class Place, class Block, class Task>
void work_on_block(const Chains &chains, Place place, Block &block, const Task &task)
{
    place.read_all(block);
    for (long number = 0; number < chains.classes(); ++number) {
        place.bind(block, number);
        task(place, block);
    }
    if (Task::WRITES_REST)
        place.write_all(block);
    else
        place.leave(block);
}

inline void set_costs(Block &, const Step &) {}

#if CRF_MODEL == CRF_MATRICES
typedef MatrixBlock GeneralBlock;  // of any number of labels

inline void set_costs(MatrixBlock &block, const Step &step)
{
    const long mu = step.d * step.grid.labels * step.grid.labels;
    block.by_left = step.grid.compatibility + mu;
    block.by_right = step.by_right + mu;
}
#else
typedef Block GeneralBlock;
#endif

template <class Place, class Block, class Task>
void work_on_blocks(const Step &step, Workspaces &workspaces, const Task &task)
{
    const long blocks = step.volumes.blocks(step.chains);
    Shares shares(step.volumes.images * blocks, omp_get_max_threads());
    #pragma omp parallel
    {
        const FlushDenormals flush;
        Block block(workspaces.of_this_thread(), step.volumes.labels);
        set_costs(block, step);
        for (long next; (next = shares.take(omp_get_thread_num())) >= 0;)
            if (step.active[next / blocks])
                work_on_block(step.chains, Place(step, next / blocks, next % blocks), block, task);
    }
}

// Does a task, task(place, block), for each class of chains of a direction's blocks.
template <class Block, class Task>
void work_on(const Step &step, Workspaces &workspaces, const Task &task)
{
    if (step.chains.rows)
        work_on_blocks<InterleavedRows, Block>(step, workspaces, task);
    else
        work_on_blocks<ShearedColumns, Block>(step, workspaces, task);
}

inline void take_step(const Step &step, Workspaces &workspaces)
{
    const FindMinorants task;
#if CRF_MODEL == CRF_MATRICES
    switch (step.volumes.labels) {
    case 11:  // CamVid's classes; 19 are Cityscapes'
        return work_on<MatrixBlockOf<11>>(step, workspaces, task);
    case 19:
        return work_on<MatrixBlockOf<19>>(step, workspaces, task);
    default:
        return work_on<MatrixBlock>(step, workspaces, task);
    }
#else
    switch (step.volumes.labels) {
    case 11:
        return work_on<BlockOf<11>>(step, workspaces, task);
    case 19:
        return work_on<BlockOf<19>>(step, workspaces, task);
    default:
        return work_on<Block>(step, workspaces, task);
    }
#endif
}
