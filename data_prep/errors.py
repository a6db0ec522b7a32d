"""The one exception that the command line turns into a sentence."""


class DataError(ValueError):
    """Bad input or an output that cannot be written; the message is one sentence for the user."""
