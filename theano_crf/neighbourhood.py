"""The offsets of a neighbourhood, checked; needs no Theano."""
import numbers

from .defaults import NEIGHBOURS

LONGEST_OFFSET = 2 ** 20  # of the steps dy and dx; no image is larger


def checked_neighbours(offsets):
    """Return offsets (dy, dx) from an edge's first pixel to its second as a tuple of pairs of int.

    Raises a ValueError of one sentence unless there is at least one, each with dy above 0, or 0 and dx above 0.
    """
    try:
        pairs = tuple(tuple(pair) for pair in offsets)
    except TypeError:
        pairs = ()
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ValueError("neighbours is %s; it must be pairs (dy, dx), at least one, such as %s"
                         % (shown(offsets), NEIGHBOURS))
    for pair in pairs:
        if any(isinstance(step, bool) or not isinstance(step, numbers.Integral) for step in pair):
            raise ValueError("neighbours holds %s; it must hold pairs of whole numbers" % shown(pair))
        dy, dx = pair
        if dy == dx == 0:
            raise ValueError("neighbours holds (0, 0); a pixel is no neighbour of itself")
        if dy < 0 or (dy == 0 and dx < 0):
            raise ValueError("neighbours holds (%d, %d); dy must be above 0, or 0 with dx above 0: take the edge from "
                             "its other end, (%d, %d)" % (dy, dx, -dy, -dx))
        if max(dy, abs(dx)) > LONGEST_OFFSET:
            raise ValueError("neighbours holds %s; offsets must be within %d pixels" % (shown(pair), LONGEST_OFFSET))
    return tuple((int(dy), int(dx)) for dy, dx in pairs)


def shown(value):
    """Return a value as an error shows it: short, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."
