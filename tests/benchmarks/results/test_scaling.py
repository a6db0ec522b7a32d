"""Figures of shared iterations, and the projection against a ring that is played through."""

import numpy as np
import pytest

from benchmarks.results.scaling import projection, ring_seconds, table_lines


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_a_ring_takes_what_its_links_carry(processes):
    parts = np.random.default_rng(0).normal(size=(processes, processes, 5))  # of each process, each part
    held, carried = parts.copy(), np.zeros(processes)
    for step in range(2 * (processes - 1)):
        moved = [((rank - step) % processes, held[rank, (rank - step) % processes].copy()) for rank in range(processes)]
        for rank, (part, values) in enumerate(moved):
            neighbour = (rank + 1) % processes
            held[neighbour, part] = values + (held[neighbour, part] if step < processes - 1 else 0)
            carried[rank] += values.size * 8
    assert np.allclose(held, parts.sum(axis=0))
    assert ring_seconds(parts[0].nbytes, processes, 1000.0) == pytest.approx(carried.max() / 1000)


def test_the_share_of_the_sums_is_of_the_whole_iteration():
    measured = [{"processes": 1, "seconds": 0.28, "communication": 0.0, "bytes": 0},
                {"processes": 2, "seconds": 0.4, "communication": 0.05, "bytes": 8.404e6}]
    assert list(table_lines(measured)) == ["processes  s per iteration  s of it sums  share %  MB summed",
                                           "1                   0.2800        0.0000      0.0       0.00",
                                           "2                   0.4000        0.0500     12.5       8.40"]


def test_the_projection_of_the_papers_net():
    # 2 * 7 / 8 * 536 MB at 1 GB/s take 0.938 s, beside one second of computation 48 %; for 64 it is 63 / 64.
    assert projection(536e6, 1.0, 1.0) == (
        "536 MB of gradients; assumed are 1 GB/s per link and 1 s of computation\n\n"
        "GPUs  s of sums  share %, nothing overlapped\n"
        "8         0.938                           48\n"
        "64        1.055                           51")
