"""Constants that Python shares with the C++ code and the GPU's kernels: both compilers get them as macros."""
from .defaults import DECODINGS

ROWS, COLUMNS = 0, 1         # directions: the channel of the pairwise weights with their edges
LARGEST_COST = "1e30"        # of costs, weights and margins, as text: sums of them over a chain are finite
MOST_LANES = 16              # chains that one instruction works on, at most: images are padded to a multiple

# Reports of the GPU's kernels: places in an array of findings, where 1 is written.
UNARY_INVALID, WITHHELD_INVALID, WEIGHTS_INVALID, LABEL_OUTSIDE = range(4)
KEEP, DECIDE, BOUND = 1, 2, 4  # a half step's task for an image, the sum of some; 0: nothing
PIXELS = 256                 # threads of a block of the GPU's kernels on pixels, and of those that add up
SIDE = 32                    # of a tile of pixels on the GPU

NATIVE = dict({name.upper(): number for number, name in enumerate(DECODINGS)}, ROWS=ROWS, COLUMNS=COLUMNS,
              LARGEST_COST=LARGEST_COST + "f", MOST_LANES=MOST_LANES)
KERNELS = dict(LARGEST_COST=LARGEST_COST + "f", UNARY_INVALID=UNARY_INVALID, WITHHELD_INVALID=WITHHELD_INVALID,
               WEIGHTS_INVALID=WEIGHTS_INVALID, LABEL_OUTSIDE=LABEL_OUTSIDE, KEEP=KEEP, DECIDE=DECIDE, BOUND=BOUND,
               PIXELS=PIXELS, SIDE=SIDE, STRIPE=PIXELS // SIDE)
