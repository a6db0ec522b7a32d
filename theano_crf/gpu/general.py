"""DualMM on the GPU for any neighbourhood: the launches of its kernels in their order. Arrays stay on the device."""
import numpy as np

from ..constants import BOUND, DECIDE, KEEP
from ..defaults import NEIGHBOURS
from .device import add_up, allocate, split
from .kernels import pixel_kernel
from .labelling import block_sums, margin_arguments
from .problem import Chains, Problem
from .solver import GridProblem


def problem_of(unary, weights, neighbours, truth=None):
    """Return a problem on the device, as the subclass of :class:`Problem` that solves it.

    `truth` is (truth, gamma, void); gamma is a number, or an array on the device, (1 or N, K, K).
    """
    if neighbours == NEIGHBOURS and (truth is None or isinstance(truth[1], float)):
        return GridProblem(unary, weights, truth)
    return GeneralProblem(unary, weights, neighbours, truth)


class Direction:
    """The chains of one offset (dy, dx); see kernels/directions.cluda.

    ``groups`` has (whether the shorter ones, the first place, the chains) for each length of chains.
    """

    def __init__(self, context, shape, offset):
        self.offset = offset
        self.image = height, width = shape[2:]
        length, breadth, step = (width, height, offset[1]) if offset[0] == 0 else (height, width, offset[0])
        whole, longer = divmod(length, step)
        self.groups = []
        if longer:
            self.groups.append((False, 0, Chains(context, shape, whole + 1, longer * breadth)))
        if whole:
            self.groups.append((True, longer * (whole + 1) * breadth,
                                Chains(context, shape, whole, (step - longer) * breadth)))
        self.flows_size = max(chains.flows_size for _, _, chains in self.groups)

    def allocate_parts(self):
        """Return room for the partial sums of the bounds, an array per group."""
        return [allocate(chains.context, "float64", chains.parts) for _, _, chains in self.groups]

    def step(self, own, edges, cuts, tasks, following, onto, with_following, labels, parts):
        """Launch a step of DualMM in this direction.

        ``own`` has the costs C in this direction, and gets what it withholds from now on, C - F. ``onto`` gets F, the
        costs in the direction ``following``, and what that one withholds, which ``onto`` has already if
        ``with_following``. Both are written in images with the task KEEP, ``labels`` in those with DECIDE, the bound's
        ``parts`` in those with BOUND.
        """
        for (shorter, place, chains), sums_of_group in zip(self.groups, parts):
            costs, weights = own[place:], edges[place:]
            sums, flows = chains.pass_messages(costs, weights, chains.pixels, cuts, tasks)
            chains.kernel("finish_direction")(chains.parts, costs, weights, sums, flows, tasks, onto, labels,
                                              sums_of_group, chains.levels, shorter, *self.image, *self.offset,
                                              *following.offset, with_following)


class GeneralProblem(Problem):
    """A problem with any neighbours and margins; see :class:`Problem`.

    Each direction d has one volume. It holds what the direction withholds, S_d, and during the direction's step the
    costs in it, C = R + S_d, where R is psi less all that is withheld.
    """

    def __init__(self, unary, weights, neighbours, truth=None):
        super().__init__(unary, weights, neighbours, truth)
        self.directions = [Direction(self.context, self.shape, offset) for offset in neighbours]

    def workspace_sizes(self):
        count = len(self.directions)
        cuts = 3 * max(direction.flows_size for direction in self.directions) + 1
        return [cuts] + [self.maps] * count + [self.volume] * count

    def dual_mm(self, iterations, tolerance, workspace, labels, bounds):
        """Run DualMM from start to end; write labels (N, H, W) and lower bounds (N,).

        An image ends early once an iteration has raised its bound by no more than ``tolerance`` per pixel (negative
        infinity: never). Raises a ValueError if an argument is not allowed.
        """
        cuts, *arrays = split(workspace, self.workspace_sizes())
        edges, volumes = arrays[:len(self.directions)], arrays[len(self.directions):]
        labelled = self._prepare(edges, volumes[0])
        parts = self.directions[-1].allocate_parts()
        may_stop = tolerance > -np.inf
        going_on, before = np.ones(self.shape[0], bool), np.full(self.shape[0], -np.inf)
        if len(self.directions) == 1:
            iterations = 1  # its chains are all there is, and the first step solves them
        for iteration in range(iterations):
            last = iteration + 1 == iterations
            decides = DECIDE | BOUND if last or may_stop else 0
            tasks = self._iterate(cuts, edges, volumes, going_on, iteration == 0, 0 if last else KEEP, decides, labels,
                                  parts)
            if decides:
                for index, of_group in enumerate(parts):
                    add_up(of_group, bounds, tasks, BOUND, factor=1.0 if index else None)
            if may_stop and not last:
                now = np.asarray(bounds)
                going_on &= now - before > tolerance * self.maps / self.shape[0]
                before = now
                if not going_on.any():
                    break
        if self.truth is not None and isinstance(self.margin, float):
            # The margin was added to the true label's cost instead of taken from all others: subtract the difference.
            add_up(labelled, bounds, factor=-self.margin)
        self.findings.check()

    def _iterate(self, cuts, edges, volumes, going_on, first, keeps, decides, labels, parts):
        """Launch a step in each direction; return the tasks of the last one."""
        count = len(self.directions)
        for d, direction in enumerate(self.directions):
            after = (d + 1) % count
            tasks = self.tasks(*np.where(going_on, KEEP if after else keeps | decides, 0))
            # only the last one writes to `parts`, whose groups of chains it has
            unused = [labels] * len(direction.groups)
            direction.step(volumes[d], edges[d], cuts, tasks, self.directions[after], volumes[after],
                           not first or after == 0, labels, unused if after else parts)
        return tasks

    def _prepare(self, edges, costs):
        """Write each direction's edges and the first one's costs; return the labelled pixels per block."""
        unused = self.unary
        blocks, labelled = block_sums(self.unary)
        truth = unused if self.truth is None else self.truth
        _, labels, height, width = self.shape
        margins, margin = margin_arguments(self.margin, unused)
        pixel_kernel(self.context, "prepare_direction", "first_costs")(
            blocks, self.unary, truth, margins, costs, labelled, self.findings.array, self.truth is not None, *margin,
            labels, height, width, *self.directions[0].offset, self.void)
        for d, direction in enumerate(self.directions):
            pixel_kernel(self.context, "prepare_direction", "direction_edges")(
                blocks, self.weights, edges[d], self.findings.array, len(self.directions), d, height, width,
                *direction.offset)
        return labelled
