"""DualMM on the GPU for rows and columns: the launches of its kernels in their order. Arrays stay on the device."""
import numpy as np
import pygpu

from ..constants import BOUND, DECIDE, KEEP, SIDE
from ..defaults import NEIGHBOURS
from .device import add_up, allocate, size_of_parts, split
from .kernels import pixel_kernel
from .problem import Chains, Problem


class RowsOrColumns(Chains):
    """The chains of the rows or of the columns."""

    def __init__(self, context, shape, rows):
        super().__init__(context, shape, *(shape[:1:-1] if rows else shape[2:]))
        # Edges of the rows are transposed to an array of their own, those of the columns stay in the weights.
        self.edges_image = self.nodes * self.chains * (1 if rows else 2)

    def half_step(self, costs, edges, cuts, tasks, after, base=None, transposed=True, labels=None, parts=None):
        """Launch one half step; ``costs``, ``base`` and ``edges`` are in the order [...][node][chain].

        ``after`` gets base - withheld (without a base, withheld itself), transposed or not, in images with the task
        KEEP. ``labels`` are written in images with the task DECIDE, the bound's ``parts`` in those with BOUND.
        ``cuts`` has room for 3 * flows_size floats.
        """
        sums, flows = self.pass_messages(costs, edges, self.edges_image, cuts, tasks)
        unused = tasks
        base, with_base = (unused, False) if base is None else (base, True)
        self.kernel("finish")(self.parts, costs, edges, sums, flows, tasks, base, after,
                              unused if labels is None else labels, unused if parts is None else parts,
                              self.edges_image, self.nodes, self.chains, self.levels, with_base, transposed)


class GridProblem(Problem):
    """A problem on the grid of rows and columns with one margin, if any; see :class:`Problem`."""

    def __init__(self, unary, weights, truth=None):
        super().__init__(unary, weights, NEIGHBOURS, truth)
        self.rows, self.columns = (RowsOrColumns(self.context, self.shape, rows) for rows in (True, False))
        self.tiles = -(-self.shape[2] // SIDE) * -(-self.shape[3] // SIDE)

    @property
    def cuts_size(self):
        return 3 * max(self.rows.flows_size, self.columns.flows_size) + 1

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

    def workspace_sizes(self):
        volumes = 3 if self.truth is None else 4
        return [self.maps, self.cuts_size] + [self.volume] * volumes

    def dual_mm(self, iterations, tolerance, workspace, labels, bounds):
        """Run DualMM from start to end; write labels (N, H, W) and lower bounds (N,).

        An image ends early once an iteration has raised its bound by no more than ``tolerance`` per pixel (negative
        infinity: never). Raises a ValueError if an argument is not allowed.
        """
        row_edges, cuts, unary_of_rows, costs_of_rows, costs_of_columns, *augmented = split(
            workspace, self.workspace_sizes())
        unary_of_columns = augmented[0] if augmented else self.unary
        labelled = None
        if self.truth is not None:
            labelled = allocate(self.context, "float64", self.shape[0] * self.tiles)
        self.prepare_edges(row_edges, labelled)
        self.prepare_costs(augmented[0] if augmented else None, unary_of_rows)

        parts = allocate(self.context, "float64", self.columns.parts)
        schedule = Schedule(self, iterations, tolerance)
        first = True
        while schedule.going_on.any():
            self.rows.half_step(unary_of_rows if first else costs_of_rows, row_edges, cuts, schedule.row_tasks(),
                                costs_of_columns, unary_of_rows, parts=schedule.parts)
            tasks = schedule.column_tasks()
            self.columns.half_step(costs_of_columns, self.column_edges(), cuts, tasks, costs_of_rows, unary_of_columns,
                                   labels=labels, parts=parts)
            if schedule.ending.any():
                add_up(parts, bounds, tasks, BOUND)
            first = False
        if labelled is not None:
            # The margin was added to the true label's cost instead of taken from all others: subtract the difference.
            add_up(labelled, bounds, factor=-self.margin)
        self.findings.check()


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
