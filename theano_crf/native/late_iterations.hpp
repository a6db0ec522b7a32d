// The late iterations of DualMM, with momentum, on one image after the other.
//
// Included for one instruction set (see instruction_sets.hpp). Hierarchical minorants hand on everything, and late
// iterations take small steps in nearly the same direction. Any split of the energy gives a bound, so an iteration may
// begin anywhere: each begins ahead of where the last one ended, by a multiple of the last change (Nesterov's
// momentum). Where the bound does not rise, the momentum is lost and grows again. The best bound is kept.

const long EARLY_ITERATIONS = CRF_EARLY_ITERATIONS;
const float MOST_MOMENTUM = 0.9f;  // by measurement: 0.95 loses its momentum often, 0.7 is slower

// The best labels of one image so far, and whether the bound has reached their energy.
class BestLabels {
public:
    explicit BestLabels(const Grid &image) : grid_(image) {}

    // Takes from `labels` what is better, region by region; both are the best labels then.
    void add(int32_t *labels)
    {
        if (!best_.empty())
            fuse(grid_, labels, best_.data());
        best_.assign(labels, labels + grid_.pixels());
        energy(grid_, labels, &energy_);
        rounding_ = rounding_of(grid_, labels, 0);
    }

    // True if a bound is at their energy but for a `share` of what rounding may keep between them.
    bool reached_by(double bound, double share = 1) const { return energy_ - bound <= share * rounding_; }

private:
    const Grid &grid_;
    std::vector<int32_t> best_;
    double energy_ = std::numeric_limits<double>::infinity(), rounding_ = 0;
};

class LateIterations {
public:
    // `image` is a grid of one image. `packed` has its costs before a half step over the columns, whose bound is
    // `bound`.
    LateIterations(const Grid &image, const Packed &packed, Workspaces &workspaces, Decoding decoding, int32_t *labels,
                   double bound)
        : grid_(image), packed_(packed), workspaces_(workspaces), decoding_(decoding), labels_(labels), bound_(bound),
          chains_(packed.strips * LANES), best_(grid_)
    {
    }

    // Goes on from iteration EARLY_ITERATIONS to `iterations`. Returns the bound. With a tolerance of at least 0 it
    // ends early once an iteration without momentum has raised the bound by no more than `tolerance` per pixel, or the
    // bound has reached the energy of the best labels so far, which are the result.
    double run(long iterations, double tolerance)
    {
        may_stop_ = tolerance > -std::numeric_limits<double>::infinity();
        least_rise_ = std::max(0.0, tolerance * grid_.pixels());
        long next_check = EARLY_ITERATIONS;
        for (long iteration = EARLY_ITERATIONS;; ++iteration) {
            if (iteration > EARLY_ITERATIONS)
                half_step<ROWS>(packed_, {nullptr, true, nullptr, nullptr, nullptr, nullptr}, workspaces_);
            const bool last = iteration == iterations || stalled_;
            if (last || (may_stop_ && iteration == next_check)) {
                next_check = iteration + std::max(1L, iteration / 2);
                if (find_labels() || last)
                    return bound_;
            }
            step_over_columns(iteration == EARLY_ITERATIONS, iteration + 1 == iterations);
            if (may_stop_ && !reached_ && best_.reached_by(bound_, 0.5)) {
                reached_ = true;
                next_check = iteration + 1;
            }
        }
    }

    // Decodes where the early iterations have ended. Returns the bound.
    double finish()
    {
        if (decoding_ == ICM)
            step_and_decode();  // the excess is not known yet
        else
            decode(grid_, packed_, workspaces_, decoding_, nullptr, labels_);
        return bound_;
    }

private:
    const Grid grid_;
    const Packed packed_;
    Workspaces &workspaces_;
    const Decoding decoding_;
    int32_t *const labels_;
    double bound_;
    std::vector<double> chains_;  // the bound of each column; added up in order, whatever the number of lanes
    BestLabels best_;
    bool may_stop_ = false, stalled_ = false, reached_ = false;
    double least_rise_ = 0, last_ = 0;
    long age_ = 0;  // iterations since the momentum was lost
    float momentum_ = 0;

    // Decodes the costs, which are used up.
    void step_and_decode()
    {
        std::unique_ptr<Excess> excess(decoding_ == ICM ? new Excess(grid_) : nullptr);
        half_step<COLUMNS>(packed_, {nullptr, false, labels_, nullptr, nullptr, chains_.data(), excess.get()},
                           workspaces_);
        decode(grid_, packed_, workspaces_, decoding_, excess.get(), labels_);
    }

    // Decodes the costs. Returns whether the bound has reached the energy of the best labels; it is exact then.
    bool find_labels()
    {
        const float *costs = packed_.costs;
        std::memcpy(packed_.spare, costs, sizeof(float) * packed_.volume());
        step_and_decode();
        bound_ = std::max(bound_, bound_of_columns());
        std::memcpy(packed_.costs, packed_.spare, sizeof(float) * packed_.volume());
        if (!may_stop_)
            return false;
        best_.add(labels_);
        if (!best_.reached_by(bound_))
            return false;
        const double exact = exact_bound(packed_, costs);
        if (!best_.reached_by(exact))
            return false;
        bound_ = exact;
        return true;
    }

    double bound_of_columns() const
    {
        return std::accumulate(chains_.begin(), chains_.begin() + grid_.width, 0.0);
    }

    void step_over_columns(bool first, bool without_momentum)
    {
        half_step<COLUMNS>(packed_, {nullptr, true, nullptr, nullptr, nullptr, chains_.data()}, workspaces_);
        const double now = bound_of_columns();
        bound_ = std::max(bound_, now);
        const bool rises = first || now - last_ > least_rise_;
        stalled_ = may_stop_ && !rises && momentum_ == 0;
        last_ = now;
        age_ = rises && !first ? age_ + 1 : 0;
        momentum_ = without_momentum ? 0 : std::min(MOST_MOMENTUM, float(age_) / float(age_ + 1));
        if (first)
            std::memcpy(packed_.previous, packed_.costs, sizeof(float) * packed_.volume());
        else
            go_ahead();
    }

    // costs += momentum * (costs - those of an iteration ago).
    void go_ahead()
    {
        const Lanes momentum = broadcast(momentum_);
        const long size = packed_.labels * LANES;
        #pragma omp parallel
        {
            const FlushDenormals flush;
            #pragma omp for
            for (long y = 0; y < packed_.height; ++y)
                for (long strip = 0; strip < packed_.strips; ++strip)
                    for (long i = packed_.node(0, strip, y), end = i + size; i < end; i += LANES) {
                        const Lanes now = load(packed_.costs + i);
                        store(packed_.costs + i, now + (now - load(packed_.previous + i)) * momentum);
                        store(packed_.previous + i, now);
                    }
        }
    }
};
