"""Progress over images: a bar on a terminal, plain lines in a log."""

import sys
import time

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 20


def with_progress(items, name):
    """Yield `items`, a sequence, and show how many are done and the time left."""
    if sys.stderr.isatty():
        yield from tqdm(items, desc=name, unit="image", dynamic_ncols=True)
        return
    began = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if done == len(items) or now - last > SECONDS_BETWEEN_LINES:
            left = (now - began) / done * (len(items) - done)
            print(f"{name}: {done} of {len(items)} images, {int(left // 60)} min {int(left % 60):02d} s left",
                  flush=True)
            last = now
