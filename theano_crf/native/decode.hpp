// Decodings of the duals that give better labels than the least entry of the minorant at each pixel.
//
// Included for one instruction set (see instruction_sets.hpp).

const long MOST_SWEEPS = 8;  // of chain ICM; on real images it ends after three or four

// Chain ICM: solves each chain exactly, given its neighbours. Neighbours are never improved at the same time, so the
// energy does not rise. A block of chains is skipped while nothing in it or beside it has changed.
class Improver {
public:
    Improver(const Grid &grid, const Packed &packed, Workspaces &workspaces, int32_t *labels)
        : grid_(grid), packed_(packed), workspaces_(workspaces), labels_(labels),
          groups_((packed.height + 2 * LANES - 1) / (2 * LANES)), rows_(packed.images * packed.height),
          columns_(packed.images * packed.width), row_tasks_(2 * packed.images * groups_, -1),
          column_tasks_(2 * packed.images * packed.strips, -1)
    {
    }

    void run()
    {
        for (long sweep = 0; sweep < MOST_SWEEPS; ++sweep) {
            const long before = phase_;
            for (long parity = 0; parity < 2; ++parity)
                improve(row_tasks_, packed_.images * groups_, parity, &Improver::improve_rows);
            for (long parity = 0; parity < 2; ++parity)
                improve(column_tasks_, packed_.images * packed_.strips, parity, &Improver::improve_columns);
            if (last_change_ <= before)
                return;
        }
    }

private:
    typedef std::vector<std::atomic<int>> Phases;  // the phase of the last change of each row or column
    typedef void (Improver::*Improve)(long task, long parity, long solved, Block &block);

    const Grid &grid_;
    const Packed &packed_;
    Workspaces &workspaces_;
    int32_t *labels_;
    long groups_;
    Phases rows_, columns_;
    std::vector<long> row_tasks_, column_tasks_;  // the phase in which each was solved last
    long phase_ = 0;
    std::atomic<long> last_change_{0};

    void improve(std::vector<long> &solved, long tasks, long parity, Improve improve_task)
    {
        ++phase_;
        #pragma omp parallel
        {
            const FlushDenormals flush;
            Block block(workspaces_.of_this_thread(), packed_.labels);
            #pragma omp for schedule(dynamic)
            for (long task = 0; task < tasks; ++task) {
                (this->*improve_task)(task, parity, solved[2 * task + parity], block);
                solved[2 * task + parity] = phase_;
            }
        }
    }

    static bool changed_since(const Phases &changes, long offset, long first, long end, long size, long phase)
    {
        for (long i = std::max<long>(first, 0); i < std::min(end, size); ++i)
            if (changes[offset + i] > phase)
                return true;
        return phase < 0;
    }

    void assign(long image, long y, long x, int32_t label)
    {
        int32_t &pixel = labels_[(image * packed_.height + y) * packed_.width + x];
        if (pixel == label)
            return;
        pixel = label;
        rows_[image * packed_.height + y].store(phase_, std::memory_order_relaxed);
        columns_[image * packed_.width + x].store(phase_, std::memory_order_relaxed);
        last_change_.store(phase_, std::memory_order_relaxed);
    }

    // Improves every second of 2 * LANES rows.
    void improve_rows(long task, long parity, long solved, Block &block)
    {
        const long image = task / groups_, start = task % groups_ * 2 * LANES;
        const RowSet rows = {grid_, packed_, image, start + parity, 2};
        if (rows.first >= packed_.height || !changed_since(rows_, image * packed_.height, start - 1,
                                                           start + 2 * LANES + 1, packed_.height, solved))
            return;
        rows.read(nullptr, block);
        rows.hold(labels_, -1, block);
        rows.hold(labels_, 1, block);
        pass_from_the_left(block);
        for (long lane = 0; lane < block.lanes; ++lane)
            trace_back(block, lane, [&](long x, int32_t label) { assign(image, rows.row(lane), x, label); });
    }

    // Improves every second column of a strip.
    void improve_columns(long task, long parity, long solved, Block &block)
    {
        const Place<COLUMNS> place(packed_, packed_.unary, task);
        const long image = place.image, start = place.strip * LANES;
        if (!changed_since(columns_, image * packed_.width, start - 1, start + LANES + 1, packed_.width,
                           solved))
            return;
        place.bind(block, false);
        for (long first = 0; first < block.length; first += LANES)
            place.read(block, first, first);
        for (long y = 0; y < block.length; ++y)
            hold_beside(place, y, parity, block);
        pass_from_the_left(block);
        for (long lane = parity; lane < block.lanes; lane += 2)
            trace_back(block, lane, [&](long y, int32_t label) { assign(image, y, start + lane, label); });
    }

    // As RowSet::hold, for the neighbours on both sides.
    void hold_beside(const Place<COLUMNS> &place, long y, long parity, Block &block) const
    {
        const float *right = grid_.weights + place.image * grid_.weights_n + y * grid_.weights_y;
        const int32_t *row = labels_ + (place.image * packed_.height + y) * packed_.width;
        for (long lane = parity; lane < block.lanes; lane += 2) {
            const long x = place.strip * LANES + lane;
            if (x > 0)
                block.entry(y, row[x - 1], lane) -= right[x - 1];
            if (x + 1 < packed_.width)
                block.entry(y, row[x + 1], lane) -= right[x];
        }
    }
};

// Improves labels that come in as those of least cost; overwrites packed.costs unless these are the ones to keep.
// `excess` is that of the labels' costs, only for ICM.
inline void decode(const Grid &grid, const Packed &packed, Workspaces &workspaces, Decoding decoding,
                   const Excess *excess, int32_t *labels)
{
    if (decoding != ARGMIN)
        viterbi(grid, packed, workspaces, labels);
    if (decoding != ICM)
        return;
    Improver(grid, packed, workspaces, labels).run();
    expand(grid, *excess, labels);
}
