"""Good and bad calls of all functions of theano_crf, over which memory, counted by AddressSanitizer, must not grow."""

import ctypes
import gc
import sys

import numpy as np

import theano_crf

NEIGHBOURS = ((0, 1), (1, 0), (0, 3), (2, -1))
PARTS, SETTLING = 5, 2  # growth counts from the second fifth on: refused calls first fill Python's own caches


def call_all(arrays):
    """Call each function once, with good arguments and with arguments that the C++ code refuses."""
    unary, weights, image, truth = arrays
    theano_crf.contrast_weights(image)
    theano_crf.energy(unary, weights, truth)
    for decode in ("argmin", "viterbi", "icm"):
        theano_crf.dual_mm(unary, weights, 2, decode)
        theano_crf.dual_mm(unary, weights, 18, decode, tolerance=0)
    theano_crf.dual_mm(unary[:, ::-1, ::-1], weights[..., ::-1].copy()[..., ::-1], 1, tolerance=0.1)
    theano_crf.ssvm(unary, weights, truth, iterations=2)
    half_void = np.where(np.arange(truth.size).reshape(truth.shape) % 5 < 2, 255, truth)
    theano_crf.ssvm(unary, weights, half_void, iterations=2)
    theano_crf.ssvm(unary[:, ::-1, ::-1], weights[..., ::-1].copy()[..., ::-1], np.full_like(truth, 255), iterations=1)
    call_general(arrays)
    for refused in ((unary * np.float32(np.nan), weights), (unary, -1 - weights)):
        try:
            theano_crf.ssvm(*refused, truth, iterations=1)
        except ValueError:
            continue
        raise AssertionError("costs that are not finite and weights below zero must be refused")


def call_general(arrays):
    """Call each function with another neighbourhood, with and without a compatibility and matrices for the margin."""
    unary, _, image, truth = arrays
    labels = unary.shape[1]
    weights = theano_crf.contrast_weights(image, neighbours=NEIGHBOURS)
    half_void = np.where(np.arange(truth.size).reshape(truth.shape) % 5 < 2, 255, truth)
    directed = np.arange(labels * labels, dtype=np.float32).reshape(labels, labels)
    for compatibility in (None, directed):
        general = dict(neighbours=NEIGHBOURS, compatibility=compatibility)
        theano_crf.energy(unary, weights, truth, **general)
        theano_crf.dual_mm(unary, weights, 2, "icm", **general)
        theano_crf.ssvm(unary, weights, half_void, directed, iterations=1, **general)
    try:
        theano_crf.dual_mm(unary, 1 + weights, 1, neighbours=NEIGHBOURS, compatibility=np.full((labels, labels), 1e30))
    except ValueError:
        return
    raise AssertionError("weights times compatibility beyond the largest cost must be refused")


def main():
    calls = int(sys.argv[1])
    allocated = ctypes.CDLL(None).__sanitizer_get_current_allocated_bytes
    allocated.restype = ctypes.c_size_t
    generator = np.random.default_rng(0)
    shapes = [(1, 3, 5, 7), (2, 4, 17, 33), (1, 2, 1, 40), (3, 5, 20, 1)]
    problems = [(generator.normal(size=shape).astype(np.float32),
                 generator.random((shape[0], 2, *shape[2:])).astype(np.float32),
                 generator.random((shape[0], 3, *shape[2:])).astype(np.float32),
                 generator.integers(0, shape[1], (shape[0], *shape[2:]), dtype=np.int32)) for shape in shapes]
    used = []
    for part in range(PARTS):
        for call in range(calls // PARTS):
            call_all(problems[call % len(problems)])
        gc.collect()
        used.append(allocated())
    grown = used[-1] - used[SETTLING - 1]
    print(f"sanitize: {calls} calls of each function, bytes after each {calls // PARTS}: {', '.join(map(str, used))}")
    return 0 if grown < calls // PARTS * (PARTS - SETTLING) else 1  # not a byte per call


if __name__ == "__main__":
    sys.exit(main())
