// Chain ICM on any neighbourhood: solves each chain of each direction exactly, given all other labels.
//
// Included for one instruction set (see instruction_sets.hpp). Chains that are solved side by side are joined by no
// edge. A chain's new labels are taken only if they have less energy (see chain_solver.hpp), so the energy never rises.

const long MOST_SWEEPS = 8;      // on real images it ends after three or four
const long CHAINS_AT_ONCE = 16;  // that a thread takes from the chains that are left

class ChainImprover {
public:
    ChainImprover(const PixelCosts &costs, int32_t *labels)
        : costs_(costs), grid_(costs.grid), labels_(labels), changed_near_(grid_.images * grid_.pixels())
    {
        for (long d = 0; d < grid_.directions; ++d) {
            if (grid_.offsets[d].dy >= grid_.height || std::labs(grid_.offsets[d].dx) >= grid_.width)
                continue;  // there are no edges
            for (std::vector<Start> &starts : LineColours(grid_, d).starts(grid_)) {
                Colour colour = {d, std::move(starts), {}};
                colour.solved.assign(grid_.images * colour.starts.size(), -1);
                colours_.push_back(std::move(colour));
            }
        }
    }

    void run()
    {
        for (long sweep = 0; sweep < MOST_SWEEPS; ++sweep) {
            const int before = phase_;
            for (Colour &colour : colours_)
                improve(colour);
            if (last_change_ <= before)
                return;
        }
    }

private:
    // Chains of direction d that no edge joins, with the phase in which each was solved last.
    struct Colour {
        long d;
        std::vector<Start> starts;
        std::vector<int> solved;
    };

    const PixelCosts &costs_;
    const Grid &grid_;
    int32_t *labels_;
    std::vector<std::atomic<int>> changed_near_;  // the phase in which a pixel or a neighbour of it changed last
    std::vector<Colour> colours_;
    int phase_ = 0;
    std::atomic<int> last_change_{0};

    void improve(Colour &colour)
    {
        ++phase_;
        const long chains = colour.starts.size();
        AllocationFailures failures;
        #pragma omp parallel
        {
            ChainSolver solver(costs_, labels_);
            #pragma omp for schedule(dynamic, CHAINS_AT_ONCE)
            for (long task = 0; task < grid_.images * chains; ++task) {
                const Line line = line_from(colour.starts[task % chains], task / chains, grid_.offsets[colour.d]);
                if (!changed_since(line, colour.solved[task]))
                    continue;
                colour.solved[task] = phase_;
                failures.guard([&] { improve(line, solver); });
            }
        }
        failures.rethrow();
    }

    void improve(const Line &line, ChainSolver &solver)
    {
        solver.solve(line);
        if (solver.change_of_energy(line) < 0)
            take(line, solver);
    }

    Line line_from(const Start &start, long image, const Offset &offset) const
    {
        long length = offset.dy ? (grid_.height - 1 - start.y) / offset.dy : grid_.width;
        if (offset.dx > 0)
            length = std::min(length, (grid_.width - 1 - start.x) / offset.dx);
        if (offset.dx < 0)
            length = std::min(length, start.x / -offset.dx);
        return {image, start.y, start.x, length + 1, offset};
    }

    bool changed_since(const Line &line, int phase) const
    {
        const std::atomic<int> *changed = &changed_near_[line.image * grid_.pixels()];
        for (long node = 0; node < line.length; ++node)
            if (changed[line.pixel(node, grid_.width)].load(std::memory_order_relaxed) > phase)
                return true;
        return false;
    }

    void take(const Line &line, const ChainSolver &solver)
    {
        const long first = line.image * grid_.pixels();
        for (long node = 0; node < line.length; ++node) {
            if (solver.before(node) == solver.after(node))
                continue;
            const long y = line.y + node * line.offset.dy, x = line.x + node * line.offset.dx;
            const long pixel = first + y * grid_.width + x;
            labels_[pixel] = solver.after(node);
            note_change(pixel);
            for (long d = 0; d < grid_.directions; ++d) {
                if (grid_.has_edge(d, y, x))
                    note_change(pixel + grid_.step(d));
                if (grid_.has_edge(d, y - grid_.offsets[d].dy, x - grid_.offsets[d].dx))
                    note_change(pixel - grid_.step(d));
            }
        }
        last_change_.store(phase_, std::memory_order_relaxed);
    }

    void note_change(long pixel) { changed_near_[pixel].store(phase_, std::memory_order_relaxed); }
};
