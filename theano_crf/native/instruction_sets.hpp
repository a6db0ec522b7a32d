// The kernels, compiled once for each instruction set; the best that the processor has is taken at run time.
//
// THEANO_CRF_INSTRUCTIONS=baseline, avx2 or avx512 in the environment asks for at most that one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "grid.hpp"
#include "workspaces.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace crf {

// The task of one half step. withheld_in and withheld_out may be the same volume.
struct HalfStep {
    const Grid *grid;
    Direction direction;
    const float *withheld_in;  // what the other direction withholds; null: nothing
    float *withheld_out;       // what this one withholds from now on; null: not wanted
    int32_t *labels;           // null: not wanted; columns only
    double *bounds;            // (images,); null: not wanted
    const char *active;        // (images,), not 0: to be worked on; null: all
    bool check;                // look for costs and weights that are not allowed
};

namespace baseline {
#define LANES 4
#include "kernels.hpp"
#undef LANES
}  // namespace baseline

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {
#define LANES 8
#include "kernels.hpp"
#undef LANES
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f")
namespace avx512 {
#define LANES 16
#include "kernels.hpp"
#undef LANES
}  // namespace avx512
#pragma GCC pop_options
#endif

struct Kernels {
    Status (*half_step)(const HalfStep &, Workspaces &);
};

inline Kernels kernels()
{
#if defined(__x86_64__)
    const char *most = std::getenv("THEANO_CRF_INSTRUCTIONS");
    const bool up_to_baseline = most && !std::strcmp(most, "baseline");
    const bool up_to_avx2 = up_to_baseline || (most && !std::strcmp(most, "avx2"));
    if (!up_to_avx2 && __builtin_cpu_supports("avx512f"))
        return {avx512::half_step};
    if (!up_to_baseline && __builtin_cpu_supports("avx2"))
        return {avx2::half_step};
#endif
    return {baseline::half_step};
}

}  // namespace crf
