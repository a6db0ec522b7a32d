"""A target: what was measured, and what is allowed."""

from typing import NamedTuple


class Target(NamedTuple):
    """A measured value and the limit that it must keep.

    Attributes
    ----------
    text : str
    value, limit : float
    at_least : bool
        The value must be the limit or more; if not set, the limit or less.
    """

    text: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit
