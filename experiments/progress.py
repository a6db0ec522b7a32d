"""Progress of training: a bar on a terminal, plain lines in a log."""

import sys
import time

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 20


class Progress:
    """Shows iterations, loss a labelled pixel and time left; use it in a `with` statement.

    Parameters
    ----------
    name : str
        Stands before each line.
    start, total : int
        Iterations done before and in all.
    """

    def __init__(self, name, start, total):
        self.name, self.start, self.total = name, start, total
        self.iteration = start
        self.on_terminal = sys.stderr.isatty()
        self.began = self.last_line = time.monotonic()
        self.smoothed_loss = None

    def __enter__(self):
        self.bar = tqdm(desc=self.name, initial=self.start, total=self.total, disable=not self.on_terminal,
                        unit="it", dynamic_ncols=True)
        return self

    def __exit__(self, *exception):
        self.bar.close()

    def advance(self, loss):
        """Count one iteration."""
        self.iteration += 1
        self.smoothed_loss = loss if self.smoothed_loss is None else 0.95 * self.smoothed_loss + 0.05 * loss
        self.bar.set_postfix(loss=f"{self.smoothed_loss:.4f}", refresh=False)
        self.bar.update()
        if not self.on_terminal and (self.iteration == self.total
                                     or time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES):
            self._line()

    def note(self, text):
        """Show a line of text of its own."""
        tqdm.write(f"{self.name}: {text}")
        sys.stdout.flush()

    def _line(self):
        self.last_line = time.monotonic()
        pace = (self.last_line - self.began) / (self.iteration - self.start)
        left = pace * (self.total - self.iteration)
        self.note(f"{self.iteration} of {self.total} iterations, loss {self.smoothed_loss:.4f} a labelled pixel, "
                  f"{pace:.3f} s each, {int(left // 60)} min {int(left % 60):02d} s left")
