"""Constants that Python shares with the C++ code and the GPU's kernels, which get them as macros."""
from .defaults import DECODINGS, ITERATIONS

ROWS, COLUMNS = 0, 1         # directions; also the channel of the pairwise weights with the direction's edges
LARGEST_COST = "1e30"        # of costs, weights and margins, whose sums over a chain are then finite; text, for macros
MOST_LANES = 16              # most chains per vector instruction; images are padded to a multiple of it

EARLY_ITERATIONS = ITERATIONS  # of DualMM as published; later ones have momentum

MODELS = "papers", "potts", "matrices"  # the solver for the paper's energy; with any neighbours; with compatibilities

# Indices of the GPU kernels' array of findings, where a kernel writes 1.
UNARY_INVALID, WITHHELD_INVALID, WEIGHTS_INVALID, LABEL_OUTSIDE = range(4)
KEEP, DECIDE, BOUND = 1, 2, 4  # a half step's task for an image is a sum of these; 0: nothing to do
PIXELS = 256                 # threads per block of the GPU's kernels on pixels, and of those that add up
SIDE = 32                    # rows and columns of a tile of pixels on the GPU

NATIVE = dict({name.upper(): number for names in (DECODINGS, MODELS) for number, name in enumerate(names)}, ROWS=ROWS,
              COLUMNS=COLUMNS, LARGEST_COST=LARGEST_COST + "f", MOST_LANES=MOST_LANES,
              EARLY_ITERATIONS=EARLY_ITERATIONS)
KERNELS = dict(LARGEST_COST=LARGEST_COST + "f", UNARY_INVALID=UNARY_INVALID, WITHHELD_INVALID=WITHHELD_INVALID,
               WEIGHTS_INVALID=WEIGHTS_INVALID, LABEL_OUTSIDE=LABEL_OUTSIDE, KEEP=KEEP, DECIDE=DECIDE, BOUND=BOUND,
               PIXELS=PIXELS, SIDE=SIDE, STRIPE=PIXELS // SIDE)
