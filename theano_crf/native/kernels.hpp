// All code that depends on the number of lanes, in the order of use.
#include "lanes.hpp"
#include "packing.hpp"
#include "chain_block.hpp"
#include "minorant.hpp"
#if CRF_MODEL == CRF_PAPERS
#include "packed.hpp"
#include "packed_places.hpp"
#include "half_step.hpp"
#include "decode.hpp"
#include "exact_bound.hpp"
#include "late_iterations.hpp"
#include "dual_mm.hpp"
#else
#include "matrices.hpp"
#include "directions.hpp"
#include "volumes.hpp"
#include "sheared_columns.hpp"
#include "interleaved_rows.hpp"
#include "pixel_costs.hpp"
#include "sequential.hpp"
#include "chain_icm.hpp"
#include "general_dual_mm.hpp"
#endif
