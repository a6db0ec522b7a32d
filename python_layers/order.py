"""The order of the training data, a function of seed and position alone, so that a resumed run repeats it."""

import numpy as np


def next_position(count, round_length, rank, processes):
    """Return the place in the stream of what one of several processes takes next.

    Parameters
    ----------
    count : int
        What all processes together have taken, each as much as the others.
    round_length : int
        A multiple of the number of processes. Of each round of so many, rank 0 takes the first ones, rank 1 the next.
    rank, processes : int
    """
    rounds, taken = divmod(count, round_length)
    return rounds * round_length + rank * (round_length // processes) + taken // processes


def evenly_spread(count, records):
    """Return `count` of the indices below `records`, at most all, in steps that are as even as can be."""
    count = min(count, records)
    return [place * records // count for place in range(count)]


class Order:
    """The endless stream of training data: the record at each position, and whether it is mirrored.

    Each epoch is a permutation of its own, drawn from (seed, epoch).

    Parameters
    ----------
    records : int
        Number of records in the data set.
    shuffle, mirror : bool
        Draw a permutation per epoch; mirror half of the images, at random.
    seed : int
        Non-negative.
    """

    def __init__(self, records, shuffle, mirror, seed):
        self.records, self.shuffle, self.mirror, self.seed = records, shuffle, mirror, seed
        self._epoch, self._permutation, self._mirrored = None, None, None

    def at(self, position):
        """Return (record index, mirrored) at a position, counted from 0 over all epochs."""
        epoch, offset = divmod(position, self.records)
        if epoch != self._epoch:
            self._draw(epoch)
        return int(self._permutation[offset]), bool(self._mirrored[offset])

    def _draw(self, epoch):
        generator = np.random.default_rng([self.seed, epoch])
        self._permutation = generator.permutation(self.records) if self.shuffle else np.arange(self.records)
        self._mirrored = generator.integers(0, 2, self.records) if self.mirror else np.zeros(self.records, int)
        self._epoch = epoch
