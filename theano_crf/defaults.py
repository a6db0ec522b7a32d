"""The CRF's default parameters, which are the paper's (section 5)."""

ALPHA, BETA, LAM = 35.0, 0.9, 2.5   # of equation 6
DARK = 0.03                         # where contrast is relative, colours well below it keep absolute differences
GAMMA = 0.1                         # the margin, equation 8
ITERATIONS = 15                     # of DualMM
NEIGHBOURS = ((0, 1), (1, 0))      # (dy, dx) from an edge's first pixel to its second
DECODINGS = ("argmin", "viterbi", "icm")
DECODE = "argmin"  # the paper names none; this one needs nothing but DualMM's own result
VOID = 255                          # label of pixels without truth
