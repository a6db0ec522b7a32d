// Labels that the duals leave open: those whose costs, after DualMM's last step, are little above the pixel's least.
//
// Included for one instruction set (see instruction_sets.hpp).

typedef uint8_t CodeLanes __attribute__((vector_size(LANES)));

// The excess of each label's cost over the least of its pixel, as a byte: a code of its logarithm, to a quarter.
struct Excess {
    static const int32_t CODES = 256;   // the last is that of all from 2^31.5
    static const int32_t BEFORE = 379;  // the code of a float from 2^-32, less 1; those below have code 0

    long labels, height, strips;
    std::vector<uint8_t> codes;  // [image][strip][y][label][LANES columns]

    explicit Excess(const Grid &grid)
        : labels(grid.labels), height(grid.height), strips((grid.width + LANES - 1) / LANES),
          codes(grid.images * strips * height * labels * LANES)
    {
    }

    uint8_t *at(long image, long strip, long y)
    {
        return codes.data() + ((image * strips + strip) * height + y) * labels * LANES;
    }
    const uint8_t *at(long image, long strip, long y) const { return const_cast<Excess *>(this)->at(image, strip, y); }

    // Writes those of the costs cost(label) of one row of a strip.
    template <class Cost>
    ALWAYS_INLINE void write(long image, long strip, long y, Cost cost, Lanes least)
    {
        const LabelLanes none = {}, most = none + (CODES - 1);
        uint8_t *to = at(image, strip, y);
        for (long k = 0; k < labels; ++k) {
            const Lanes excess = cost(k) - least;
            LabelLanes code;
            std::memcpy(&code, &excess, sizeof code);
            code = (code >> 21) - BEFORE;  // a float's bits grow with its logarithm
            code = code < none ? none : code > most ? most : code;
            const CodeLanes bytes = __builtin_convertvector(code, CodeLanes);
            std::memcpy(to + k * LANES, &bytes, sizeof bytes);
        }
    }
};

// The open labels of one image. That which a pixel has is not counted among them.
class OpenLabels {
public:
    OpenLabels(const Grid &grid, const Excess &excess, long image, const int32_t *labels)
        : grid_(grid), excess_(excess), image_(image), labels_(labels), step_(1 + grid.pixels() / COUNTED),
          counts_(Excess::CODES, 0)
    {
        for (long y = 0; y < grid.height; y += step_)
            visit_row(y, Excess::CODES, [&](long, long, uint8_t code) { ++counts_[code]; });
    }

    // The code up to which, and without which, about `most` labels are open.
    int32_t end(long most) const
    {
        long open = 0;
        int32_t code = 0;
        while (code + 1 < Excess::CODES && (open += counts_[code]) * step_ <= most)
            ++code;
        return code;
    }

    // The pixels at which each label is open, in the order of the image, if those are open whose code is below `end`.
    std::vector<std::vector<int32_t>> pixels(int32_t end) const
    {
        const long bands = (grid_.height + BAND - 1) / BAND;
        std::vector<std::vector<int32_t>> of_bands(bands * grid_.labels), open(grid_.labels);
        const auto list_band = [&](long band) {
            for (long y = band * BAND; y < std::min((band + 1) * BAND, grid_.height); ++y)
                visit_row(y, end, [&](long label, long pixel, uint8_t) {
                    of_bands[band * grid_.labels + label].push_back(pixel);
                });
        };
        const auto join_bands = [&](long label) {
            for (long band = 0; band < bands; ++band) {
                std::vector<int32_t> &one = of_bands[band * grid_.labels + label];
                open[label].insert(open[label].end(), one.begin(), one.end());
                std::vector<int32_t>().swap(one);
            }
        };
        AllocationFailures failures;
        #pragma omp parallel
        {
            #pragma omp for schedule(dynamic)
            for (long band = 0; band < bands; ++band)
                failures.guard([&] { list_band(band); });
            #pragma omp for schedule(dynamic)
            for (long label = 0; label < grid_.labels; ++label)
                failures.guard([&] { join_bands(label); });
        }
        failures.rethrow();
        return open;
    }

private:
    static const long COUNTED = 1 << 15;  // pixels, at least, whose labels are counted, in rows spread over the image
    static const long BAND = 16;

    const Grid &grid_;
    const Excess &excess_;
    const long image_;
    const int32_t *const labels_;
    const long step_;  // rows to the next that is counted
    std::vector<long> counts_;

    // Calls visit(label, pixel, code) for a row's labels whose code is below `end`.
    template <class Visit>
    ALWAYS_INLINE void visit_row(long y, int32_t end, Visit visit) const
    {
        for (long strip = 0; strip < excess_.strips; ++strip) {
            const long columns = std::min<long>(LANES, grid_.width - strip * LANES);
            const long first = y * grid_.width + strip * LANES;
            const uint8_t *codes = excess_.at(image_, strip, y);
            for (long label = 0; label < grid_.labels; ++label, codes += LANES) {
                uint8_t least = codes[0];
                for (long lane = 1; lane < LANES; ++lane)
                    least = std::min(least, codes[lane]);
                for (long lane = 0; least < end && lane < columns; ++lane)
                    if (codes[lane] < end && labels_[first + lane] != label)
                        visit(label, first + lane, codes[lane]);
            }
        }
    }
};
