"""DualMM on the GPU: the launches of its kernels in their order. Arrays stay on the device."""
import numpy as np
import pygpu

from ..constants import BOUND, DECIDE, KEEP, SIDE
from .device import Findings, add_up, allocate, size_of_parts, split
from .kernels import chain_kernels, pixel_kernel


class Chains:
    """The chains of one direction of a batch (N, K, H, W), and the number of times that they are halved."""

    def __init__(self, context, shape, rows):
        self.images, self.labels, height, width = shape
        self.nodes, self.chains = (width, height) if rows else (height, width)
        self.edges_image = height * width if rows else 2 * height * width  # floats from image to image; see Problem
        self.teams, self.pass_messages, self.finish = chain_kernels(context, self.labels)
        self.levels = 0
        while -(-self.nodes // 2 ** self.levels) > self.teams.tile:
            self.levels += 1
        self.bundles = -(-self.chains // self.teams.lanes)
        self.segments = 2 ** self.levels
        self.parts = self.images * self.bundles * self.segments  # partial sums of the bounds, one per block of `finish`

    @property
    def flows_size(self):
        """Number of floats of the flows over the cuts; the sums on the cuts' two sides take twice as many."""
        return self.images * (self.segments - 1) * self.labels * self.chains

    def half_step(self, costs, edges, cuts, tasks, after, base=None, transposed=True, labels=None, parts=None):
        """Launch one half step; ``costs``, ``base`` and ``edges`` are in the order [...][node][chain].

        ``after`` gets base - withheld (without a base, withheld itself), transposed or not, in images with the task
        KEEP. ``labels`` are written in images with the task DECIDE, the bound's ``parts`` in those with BOUND.
        ``cuts`` has room for 3 * flows_size floats.
        """
        sums, flows = cuts, cuts[2 * self.flows_size:]
        halving = (self.edges_image, self.nodes, self.chains, self.levels)
        for level in range(self.levels):
            self.pass_messages(self.images * self.bundles * max(2, 2 ** level), costs, edges, sums, flows, tasks,
                               *halving, level)
        unused = tasks
        base, with_base = (unused, False) if base is None else (base, True)
        self.finish(self.parts, costs, edges, sums, flows, tasks, base, after, unused if labels is None else labels,
                    unused if parts is None else parts, *halving, with_base, transposed)


class Problem:
    """Unary costs and weights on the device; `truth`, (truth, gamma, void), adds the loss augmentation."""

    def __init__(self, unary, weights, truth=None):
        self.context = unary.context
        self.shape = unary.shape
        self.unary, self.weights = unary, weights
        self.truth, self.margin, self.void = truth or (None, 0.0, -1)
        self.rows, self.columns = (Chains(self.context, self.shape, rows) for rows in (True, False))
        self.findings = Findings(self.context)
        self.tiles = -(-self.shape[2] // SIDE) * -(-self.shape[3] // SIDE)
        self._tasks = {}

    @property
    def volume(self):
        return int(np.prod(self.shape))

    @property
    def maps(self):
        """Number of pixels of all images."""
        return self.volume // self.shape[1]

    @property
    def cuts_size(self):
        return 3 * max(self.rows.flows_size, self.columns.flows_size) + 1

    def tasks(self, *tasks):
        """Return the array of tasks on the device; given one task for all images, or one per image."""
        if tasks not in self._tasks:
            array = np.full(self.shape[0], tasks, np.int32)
            self._tasks[tasks] = pygpu.array(array, context=self.context)
        return self._tasks[tasks]

    def column_edges(self):
        """Return the edges of the columns; those of the next image lie 2 * H * W floats on."""
        return self.weights[0, 1]

    def prepare_costs(self, plain=None, transposed=None, withheld=None):
        """Write unary costs with the margin, less `withheld`: `plain` (N, K, H, W) and `transposed` (N, K, W, H)."""
        unused = self.unary
        images, labels, height, width = self.shape
        pixel_kernel(self.context, "prepare", "prepare_costs")(
            self.tiles * images * labels, self.unary, unused if withheld is None else withheld,
            unused if self.truth is None else self.truth, unused if plain is None else plain,
            unused if transposed is None else transposed, self.findings.array, withheld is not None,
            self.truth is not None, plain is not None, transposed is not None, labels, height, width, self.margin,
            self.void)

    def prepare_edges(self, edges, labelled=None):
        """Write the edges of the rows, (N, W, H), and the labelled pixels per tile; check weights and truth."""
        images, labels, height, width = self.shape
        pixel_kernel(self.context, "prepare", "prepare_edges")(
            self.tiles * images, self.weights, self.weights if self.truth is None else self.truth, edges,
            edges if labelled is None else labelled, self.findings.array, self.truth is not None, labels, height,
            width, self.void)


def dual_mm_workspace(problem):
    """Return the sizes, in floats, of the parts of DualMM's workspace."""
    volumes = 3 if problem.truth is None else 4
    return [problem.maps, problem.cuts_size] + [problem.volume] * volumes


def dual_mm(problem, iterations, tolerance, workspace, labels, bounds):
    """Run DualMM from start to end; write labels (N, H, W) and lower bounds (N,).

    An image ends early once an iteration has raised its bound by no more than ``tolerance`` per pixel (negative
    infinity: never). Raises a ValueError if an argument is not allowed.
    """
    row_edges, cuts, unary_of_rows, costs_of_rows, costs_of_columns, *augmented = split(
        workspace, dual_mm_workspace(problem))
    unary_of_columns = augmented[0] if augmented else problem.unary
    labelled = None
    if problem.truth is not None:
        labelled = allocate(problem.context, "float64", problem.shape[0] * problem.tiles)
    problem.prepare_edges(row_edges, labelled)
    problem.prepare_costs(augmented[0] if augmented else None, unary_of_rows)

    rows, columns = problem.rows, problem.columns
    parts = allocate(problem.context, "float64", columns.parts)
    schedule = Schedule(problem, iterations, tolerance)
    first = True
    while schedule.going_on.any():
        rows.half_step(unary_of_rows if first else costs_of_rows, row_edges, cuts, schedule.row_tasks(),
                       costs_of_columns, unary_of_rows, parts=schedule.parts)
        tasks = schedule.column_tasks()
        columns.half_step(costs_of_columns, problem.column_edges(), cuts, tasks, costs_of_rows, unary_of_columns,
                          labels=labels, parts=parts)
        if schedule.ending.any():
            add_up(parts, bounds, tasks, BOUND)
        first = False
    if labelled is not None:
        # The margin was added to the true label's cost instead of taken from all others: subtract the difference.
        add_up(labelled, bounds, factor=-problem.margin)
    problem.findings.check()


class Schedule:
    """The images that go on, and those that end with the next half step over the columns."""

    def __init__(self, problem, iterations, tolerance):
        images = problem.shape[0]
        self.problem = problem
        self.remaining = iterations
        self.going_on, self.ending = np.ones(images, bool), np.zeros(images, bool)
        self.parts = self.bounds = None
        if tolerance > -np.inf:
            self.least_rise = tolerance * problem.maps / images
            self.before = np.full(images, -np.inf)
            self.parts = allocate(problem.context, "float64", problem.rows.parts)
            self.bounds = pygpu.zeros((images,), "float64", context=problem.context)

    def row_tasks(self):
        self.current = self.problem.tasks(*np.where(self.going_on, KEEP if self.parts is None else KEEP | BOUND, 0))
        return self.current

    def column_tasks(self):
        """Return the tasks of the half step over the columns; call it after that over the rows, whose bounds decide."""
        self.remaining -= 1
        self.ending = self.going_on & (self.remaining == 0)
        if self.parts is not None:
            add_up(self.parts, self.bounds, self.current, BOUND)
            now = np.asarray(self.bounds)
            self.ending |= self.going_on & (now - self.before <= self.least_rise)
            self.before = now
        self.going_on &= ~self.ending
        return self.problem.tasks(*np.where(self.ending, DECIDE | BOUND, np.where(self.going_on, KEEP, 0)))


def half_step_workspace(problem):
    return [problem.maps, problem.cuts_size, problem.volume]


def half_step(problem, direction, withheld, after, bounds):
    """Run one half step over the rows (0) or columns (1); ``after`` may be the array ``withheld``."""
    sizes = half_step_workspace(problem)
    workspace = allocate(problem.context, "float32", size_of_parts(sizes))
    row_edges, cuts, costs = split(workspace, sizes)
    problem.prepare_edges(row_edges)
    rows = direction == 0
    chains, edges = (problem.rows, row_edges) if rows else (problem.columns, problem.column_edges())
    problem.prepare_costs(None if rows else costs, costs if rows else None, withheld)
    parts = allocate(problem.context, "float64", chains.parts)
    chains.half_step(costs, edges, cuts, problem.tasks(KEEP | BOUND), after, transposed=rows, parts=parts)
    add_up(parts, bounds)
    problem.findings.check()
