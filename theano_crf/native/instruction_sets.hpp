// The kernels for the instruction set whose vectors have CRF_LANES lanes; theano_crf/instruction_sets.py chooses it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "expansion.hpp"
#include "fusion.hpp"
#include "grid.hpp"
#include "proof.hpp"
#include "line_colours.hpp"
#include "shares.hpp"
#include "workspaces.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Functions that only prefetch need it, too: GCC 12 takes calls of them for dead, as they have no result.
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LANES CRF_LANES
static_assert(LANES <= CRF_MOST_LANES, "images are padded to the most lanes");

#pragma GCC push_options
#if LANES == 8
#pragma GCC target("avx2")
#elif LANES == 16
#pragma GCC target("avx512f")
#endif

namespace crf {
namespace kernels {
#include "kernels.hpp"
}  // namespace kernels
}  // namespace crf

#pragma GCC pop_options
#undef LANES
