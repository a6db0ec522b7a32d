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

#include "fusion.hpp"
#include "grid.hpp"
#include "shares.hpp"
#include "workspaces.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace crf {

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
static_assert(LANES == CRF_MOST_LANES, "images are padded to the most lanes");
#include "kernels.hpp"
#undef LANES
}  // namespace avx512
#pragma GCC pop_options
#endif

struct Kernels {
    long (*workspace_size)(const Grid &);
    Status (*dual_mm)(const Grid &, long, double, Decoding, float *, int32_t *, double *);
    Status (*single_step)(const Grid &, Direction, const float *, float *, float *, double *);
};

inline Kernels kernels()
{
#if defined(__x86_64__)
    const char *most = std::getenv("THEANO_CRF_INSTRUCTIONS");
    const bool up_to_baseline = most && !std::strcmp(most, "baseline");
    const bool up_to_avx2 = up_to_baseline || (most && !std::strcmp(most, "avx2"));
    if (!up_to_avx2 && __builtin_cpu_supports("avx512f"))
        return {avx512::workspace_size, avx512::dual_mm, avx512::single_step};
    if (!up_to_baseline && __builtin_cpu_supports("avx2"))
        return {avx2::workspace_size, avx2::dual_mm, avx2::single_step};
#endif
    return {baseline::workspace_size, baseline::dual_mm, baseline::single_step};
}

}  // namespace crf
