// All code that depends on the number of lanes, in the order of use.
#include "lanes.hpp"
#include "packed.hpp"
#include "chain_block.hpp"
#include "minorant.hpp"
#include "half_step.hpp"
#include "decode.hpp"
#include "dual_mm.hpp"
