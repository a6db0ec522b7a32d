"""The exception that the command line prints as one sentence."""


class DataError(ValueError):
    """Bad input or an output that cannot be written; the message is one sentence for the user, on one line."""

    def __init__(self, sentence):
        super().__init__(" ".join(sentence.splitlines()))  # names from foreign files may hold line breaks
