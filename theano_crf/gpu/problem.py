"""A problem on the device, and the chains of one of its directions."""
import numpy as np
import pygpu

from .device import Findings
from .kernels import Teams, chain_kernel


class Problem:
    """Unary costs and weights on the device; `truth`, (truth, gamma, void), adds the loss augmentation.

    A subclass solves it: ``workspace_sizes()`` are the sizes, in floats, of the parts of its workspace, and
    ``dual_mm(iterations, tolerance, workspace, labels, bounds)`` writes labels (N, H, W) and lower bounds (N,).
    """

    def __init__(self, unary, weights, neighbours, truth=None):
        self.context = unary.context
        self.shape = unary.shape
        self.unary, self.weights, self.neighbours = unary, weights, neighbours
        self.truth, self.margin, self.void = truth or (None, 0.0, -1)
        self.findings = Findings(self.context)
        self._tasks = {}

    @property
    def volume(self):
        return int(np.prod(self.shape))

    @property
    def maps(self):
        """Number of pixels of all images."""
        return self.volume // self.shape[1]

    def tasks(self, *tasks):
        """Return the array of tasks on the device; given one task for all images, or one per image."""
        if tasks not in self._tasks:
            array = np.full(self.shape[0], tasks, np.int32)
            self._tasks[tasks] = pygpu.array(array, context=self.context)
        return self._tasks[tasks]


class Chains:
    """Chains of one length in one direction of a batch (N, K, H, W), and the number of times that they are halved."""

    def __init__(self, context, shape, nodes, chains):
        self.context = context
        self.images, self.labels, height, width = shape
        self.pixels = height * width
        self.nodes, self.chains = nodes, chains
        teams = Teams(self.labels)
        self.levels = 0
        while -(-self.nodes // 2 ** self.levels) > teams.tile:
            self.levels += 1
        self.bundles = -(-self.chains // teams.lanes)
        self.segments = 2 ** self.levels
        self.parts = self.images * self.bundles * self.segments  # partial sums of the bounds, one per finishing block

    @property
    def flows_size(self):
        """Number of floats of the flows over the cuts; the sums on the cuts' two sides take twice as many."""
        return self.images * (self.segments - 1) * self.labels * self.chains

    def kernel(self, name):
        return chain_kernel(self.context, self.labels, name)

    def pass_messages(self, costs, edges, edges_image, cuts, tasks):
        """Launch the upper levels of the hierarchy; return the sums at the cuts and the flows over them.

        ``costs`` and ``edges`` are in the order [...][node][chain]; the edges of the next image lie ``edges_image``
        floats on. ``cuts`` has room for 3 * flows_size floats.
        """
        sums, flows = cuts, cuts[2 * self.flows_size:]
        for level in range(self.levels):
            self.kernel("pass_messages")(self.images * self.bundles * max(2, 2 ** level), costs, edges, sums, flows,
                                         tasks, self.pixels, edges_image, self.nodes, self.chains, self.levels, level)
        return sums, flows
