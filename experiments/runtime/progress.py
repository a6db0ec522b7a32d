"""Progress of long work: a bar on a terminal, plain lines with the time left in a log."""

import sys
import time

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 20


class Progress:
    """Shows how much is done and the time left; use it in a `with` statement.

    Parameters
    ----------
    name : str
        Stands before each line.
    start, total : int
        Steps done before and in all.
    unit : str
        What a step is.
    """

    def __init__(self, name, start, total, unit):
        self.name, self.start, self.total, self.unit = name, start, total, unit
        self.done = start
        self.began = self.last_line = time.monotonic()
        self.bar = tqdm(desc=name, initial=start, total=total, disable=not sys.stderr.isatty(), unit=unit,
                        dynamic_ncols=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.bar.close()

    def advance(self, status=""):
        """Count one step; `status` is shown with it."""
        self.done += 1
        self.bar.set_postfix_str(status, refresh=False)
        self.bar.update()
        now = time.monotonic()
        if self.bar.disable and (self.done == self.total or now - self.last_line > SECONDS_BETWEEN_LINES):
            pace = (now - self.began) / (self.done - self.start)
            left = int(pace * (self.total - self.done))
            self.note(f"{self.done} of {self.total} {self.unit}s, {status + ', ' if status else ''}{pace:.3f} s each, "
                      f"{left // 60} min {left % 60:02d} s left")
            self.last_line = now

    def note(self, text):
        """Show a line of text of its own."""
        tqdm.write(f"{self.name}: {text}")
        sys.stdout.flush()


def with_progress(items, name):
    """Yield `items`, a sequence of images, and show how many are done and the time left."""
    with Progress(name, 0, len(items), "image") as progress:
        for item in items:
            yield item
            progress.advance()
