"""Progress of long work: a bar on a terminal, plain lines with the time left in a log."""

import os
import sys
import time

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 20
MEGABYTE = 1e6
# Set to the terminal's width where standard output goes to one through mpirun, which hides it.
COLUMNS_VARIABLE = "PROGRESS_COLUMNS"


class Progress:
    """Display of the steps done and the time left, for a `with` statement.

    Parameters
    ----------
    name : str
        Name at the beginning of each line.
    start, total : int
        Number of steps already done, and of all steps.
    unit : str
        Name of one step, such as "image"; "byte" is shown in megabytes.
    """

    def __init__(self, name, start, total, unit):
        self.name, self.start, self.total, self.unit = name, start, total, unit
        self.done = start
        self.began = self.last_line = time.monotonic()
        columns = os.environ.get(COLUMNS_VARIABLE)
        where = (dict(file=sys.stdout, ncols=int(columns)) if columns else
                 dict(disable=not sys.stderr.isatty(), dynamic_ncols=True))
        self.bar = tqdm(desc=name, initial=start, total=total, unit="B" if unit == "byte" else unit,
                        unit_scale=unit == "byte", **where)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.bar.close()

    def advance(self, status="", steps=1):
        """Count steps; show `status` beside them."""
        self.done += steps
        self.bar.set_postfix_str(status, refresh=False)
        self.bar.update(steps)
        now = time.monotonic()
        if self.bar.disable and (self.done == self.total or now - self.last_line > SECONDS_BETWEEN_LINES):
            pace = (now - self.began) / (self.done - self.start)
            left = int(pace * (self.total - self.done))
            self.note(f"{self._counts()}, {status + ', ' if status else ''}{self._pace(pace)}"
                      f"{left // 60} min {left % 60:02d} s left")
            self.last_line = now

    def _counts(self):
        if self.unit == "byte":
            return f"{self.done / MEGABYTE:.1f} of {self.total / MEGABYTE:.1f} MB"
        return f"{self.done} of {self.total} {self.unit}s"

    def _pace(self, seconds):
        return "" if self.unit == "byte" else f"{seconds:.3f} s each, "

    def note(self, text):
        """Show `text` on a line of its own."""
        tqdm.write(f"{self.name}: {text}")
        sys.stdout.flush()


def with_progress(items, name):
    """Yield the elements of `items`, one per image; show the number that is done and the time left."""
    with Progress(name, 0, len(items), "image") as progress:
        for item in items:
            yield item
            progress.advance()
