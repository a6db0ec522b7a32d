"""Nets and solvers read from files: Caffe itself ends the process where one is missing or damaged."""

from pathlib import Path

from google.protobuf import text_format


def read_prototxt(path, message):
    """Read a text file into a protobuf message of the type `message`.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is not such a message.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make nets` with the same DATASET first.")
    try:
        return text_format.Parse(path.read_text(), message())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a {message.DESCRIPTOR.name} ({error}); remove it and run `make nets` again.") \
            from None
