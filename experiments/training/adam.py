"""Adam's update of the weights in NumPy: what Caffe's solver does, in a quarter of its time.

Caffe takes the square root by powx, number by number, and goes through the memory several times. Here all is done to a
piece of the weights while it is in the processor's cache.
"""

from bisect import bisect_right

import numpy as np

from experiments.mpi.processes import SingleProcess
from experiments.training.solver_state import read_state, state_bytes

PIECE = 1 << 15  # numbers; the arrays of a piece fit into a core's second-level cache


class AdamSolver:
    """A Caffe solver whose weights are updated here; its snapshots are Caffe's own, and it goes on from Caffe's.

    Of large blobs each of a machine's processes updates its share, for which alone it needs the gradients.

    Parameters
    ----------
    solver : caffe.AdamSolver
        Its own history stays unused, and takes no memory then.
    parameter : caffe.proto.caffe_pb2.SolverParameter
        With a fixed or a multistep rate, as `prototxt.solver` writes it.
    net : caffe.proto.caffe_pb2.NetParameter
        The training net, for the factors of each blob's rate and decay.
    processes : experiments.mpi.processes.SingleProcess or MPIProcesses
        All must call `apply_update` and `collect`.

    Attributes
    ----------
    net, test_nets, iter : as of a caffe.Solver
    """

    def __init__(self, solver, parameter, net, processes=SingleProcess()):
        self._processes = processes
        self.net, self.test_nets, self.iter = solver.net, solver.test_nets, 0
        self._solver, self._parameter = solver, parameter  # the solver owns the nets
        self._blobs = [blob for blobs in solver.net.params.values() for blob in blobs]
        self._factors = [factors for name, blobs in solver.net.params.items()
                         for factors in _factors(net, name, len(blobs))]
        self._moments = [[np.zeros(blob.data.shape, np.float32) for blob in self._blobs] for _ in range(2)]

    def apply_update(self):
        """Change the weights by the gradients that are in the net, and count the iteration."""
        parameter, time = self._parameter, self.iter + 1
        first, second = parameter.momentum, parameter.momentum2
        correction = np.sqrt(1 - second ** time) / (1 - first ** time)
        rate = parameter.base_lr * parameter.gamma ** self._steps(self.iter) if parameter.stepvalue \
            else parameter.base_lr
        exchanges = []
        for blob, (rate_factor, decay_factor), *moments in zip(self._blobs, self._factors, *self._moments):
            if rate_factor:
                arrays = [array.reshape(-1) for array in (blob.data, blob.diff, *moments)]
                share = self._processes.share(blob.count)
                update(*(array[share] for array in arrays), scale=1 / parameter.iter_size,
                       decay=parameter.weight_decay * decay_factor, rate=rate * rate_factor * correction,
                       decays=(first, second), epsilon=parameter.delta)
                exchanges += self._exchange(blob, arrays[0])
        for exchange in exchanges:
            exchange.Wait()
        self.iter = time

    def collect(self):
        """Get from the machine's other processes what `save` writes."""
        for moments in self._moments:
            for blob, array in zip(self._blobs, moments):
                for exchange in self._exchange(blob, array.reshape(-1)):
                    exchange.Wait()

    def _exchange(self, blob, vector):
        """Return the exchanges, one or none, of a blob's weights or moments that have begun."""
        return [self._processes.start_exchange(vector)] if self._processes.are_shared(blob.count) else []

    def _steps(self, iteration):
        """Return how often the rate has been multiplied by gamma."""
        return bisect_right(list(self._parameter.stepvalue), iteration)

    def save(self, weights, state):
        """Write the weights to a path, and the state, which names no weights, to a file."""
        self.net.save(weights)
        history = [array for moments in self._moments for array in moments]
        for part in state_bytes(self.iter, self._steps(max(0, self.iter - 1)), history):
            state.write(part)

    def restore(self, path):
        """Go on from a state of `save`, or of Caffe, that names its weights."""
        iteration, learned_net, history = read_state(path)
        self.net.copy_from(learned_net)
        for mine, kept in zip([array for moments in self._moments for array in moments], history):
            mine[...] = kept.reshape(mine.shape)
        self.iter = iteration


def _factors(net, name, blobs):
    """Return (lr_mult, decay_mult) of each of a layer's blobs."""
    [layer] = [layer for layer in net.layer if layer.name == name]
    given = [(spec.lr_mult, spec.decay_mult) for spec in layer.param][:blobs]
    return given + [(1, 1)] * (blobs - len(given))


def update(weights, gradients, means, squares, scale, decay, rate, decays, epsilon):
    """Do one step of Adam in place, on float32 vectors of one length.

    g = scale * gradients + decay * weights, m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
    weights -= rate * m / (sqrt(v) + epsilon), with b1, b2 the `decays`.
    """
    first, second = decays
    gradient, other = np.empty((2, PIECE), np.float32)
    for start in range(0, weights.size, PIECE):
        w, g, m, v = (array[start:start + PIECE] for array in (weights, gradients, means, squares))
        total, work = gradient[:w.size], other[:w.size]
        np.multiply(g, np.float32(scale), out=total)
        if decay:
            np.multiply(w, np.float32(decay), out=work)
            total += work
        m *= np.float32(first)
        np.multiply(total, np.float32(1 - first), out=work)
        m += work
        v *= np.float32(second)
        total *= total
        total *= np.float32(1 - second)
        v += total
        np.sqrt(v, out=total)
        total += np.float32(epsilon)
        np.divide(m, total, out=work)
        work *= np.float32(rate)
        w -= work
