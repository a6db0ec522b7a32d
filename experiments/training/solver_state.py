"""A solver's state in Caffe's format, written array by array: protobuf would take each number by itself."""

from pathlib import Path

import numpy as np
from caffe.proto import caffe_pb2
from google.protobuf.internal.encoder import _VarintBytes as varint

# Protobuf's mark of a field: its number, and 2 for a field that is preceded by its length.
LENGTH_DELIMITED = 2


def state_bytes(iteration, current_step, history):
    """Yield the bytes of a SolverState, in pieces.

    Parameters
    ----------
    iteration, current_step : int
    history : sequence of float32 arrays
    """
    yield caffe_pb2.SolverState(iter=iteration, current_step=current_step).SerializeToString()
    for array in history:
        data = np.ascontiguousarray(array, "<f4")
        blob = caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=array.shape)).SerializeToString() \
            + _head(caffe_pb2.BlobProto, "data", data.nbytes)
        yield _head(caffe_pb2.SolverState, "history", len(blob) + data.nbytes) + blob
        yield data.tobytes()


def _head(message, field, size):
    """Return what precedes a field's bytes."""
    number = message.DESCRIPTOR.fields_by_name[field].number
    return varint(number << 3 | LENGTH_DELIMITED) + varint(size)


def read_state(path):
    """Read a file of a SolverState; return (iteration, path of its weights, list of arrays)."""
    state = caffe_pb2.SolverState.FromString(Path(path).read_bytes())
    return state.iter, state.learned_net, [np.array(blob.data, np.float32).reshape(blob.shape.dim)
                                           for blob in state.history]
