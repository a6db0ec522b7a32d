"""Solver states: protobuf reads what is written by hand."""

import numpy as np
from caffe.proto import caffe_pb2

from experiments.training.solver_state import read_state, state_bytes


def test_protobuf_reads_what_is_written(tmp_path):
    arrays = [np.random.default_rng(size).normal(size=shape).astype(np.float32)
              for size, shape in enumerate([(2, 3, 5, 7), (1,), (200, 300), (3, 0)])]
    content = b"".join(state_bytes(300, 2, arrays))
    state = caffe_pb2.SolverState.FromString(content)
    assert (state.iter, state.current_step) == (300, 2)
    assert [tuple(blob.shape.dim) for blob in state.history] == [array.shape for array in arrays]
    for blob, array in zip(state.history, arrays):
        assert np.array_equal(np.float32(blob.data), array.ravel())
    (tmp_path / "state").write_bytes(content + caffe_pb2.SolverState(learned_net="there").SerializeToString())
    iteration, path, history = read_state(tmp_path / "state")
    assert (iteration, path) == (300, "there")
    assert all(np.array_equal(mine, array) for mine, array in zip(history, arrays))
