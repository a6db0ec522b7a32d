"""Downloads that continue after an interruption and are verified before use."""

import http.client
import os
import urllib.error
import urllib.request
from typing import NamedTuple

from data_prep.digests import file_digests
from data_prep.errors import DataError
from data_prep.progress import Progress

BLOCK = 1 << 20  # bytes
TIMEOUT = 60  # seconds without a byte
ALGORITHMS = "sha1", "sha256"


class Source(NamedTuple):
    """A file on a server, with the size and the digests that it must have.

    Attributes
    ----------
    address : str
    size : int
        In bytes.
    sha1, sha256 : str
        Hexadecimal digests.
    """

    address: str
    size: int
    sha1: str
    sha256: str


def check_file(path, source):
    """Raise a DataError unless a file has the size and both digests of a source."""
    if not os.path.isfile(path):
        raise DataError(f"There is no file {path}: check its name.")
    size = os.path.getsize(path)
    if size != source.size:
        raise DataError(f"{path} has {size} bytes, {source.address} has {source.size}: it is incomplete or another "
                        "file.")
    for name, digest in zip(ALGORITHMS, file_digests(path, *ALGORITHMS)):
        if digest != getattr(source, name):
            raise DataError(f"{path} has the {name} {digest}, not {getattr(source, name)}: it is damaged or another "
                            "file.")


def download(source, path):
    """Download a file unless it is there, and verify it.

    An interrupted download leaves its bytes in `path` + ".part"; the next one asks for the rest.

    Parameters
    ----------
    source : Source
    path : str

    Raises
    ------
    DataError
        Where the server can't be reached, the connection breaks, or the file fails its check. A file that failed is
        removed; only a beginning stays in ".part".
    """
    if os.path.exists(path):
        check_file(path, source)
        return
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    part = path + ".part"
    if os.path.exists(part) and os.path.getsize(part) > source.size:
        os.remove(part)
    if not os.path.exists(part) or os.path.getsize(part) < source.size:
        _fetch_rest(source, part)
    try:
        check_file(part, source)
    except DataError as error:
        os.remove(part)
        raise DataError(f"{error} It is removed; start the command again.") from None
    os.replace(part, path)


def _fetch_rest(source, part):
    start = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(source.address, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            if response.status != http.client.PARTIAL_CONTENT:
                start = 0  # the server sends the whole file
            with open(part, "ab" if start else "wb") as stream:
                _copy(response, stream, start, source.size)
    except (OSError, http.client.HTTPException) as error:
        size = os.path.getsize(part) if os.path.exists(part) else 0
        reason = " ".join(str(getattr(error, "reason", None) or error).split())
        raise DataError(f"{source.address} can't be downloaded ({reason}; {size} of {source.size} bytes are here): the "
                        "same command goes on from there.") from None
    if os.path.getsize(part) < source.size:
        raise DataError(f"{source.address}: the connection ended after {os.path.getsize(part)} of {source.size} bytes; "
                        "the same command goes on from there.")


def _copy(response, stream, start, total):
    """Copy the response with progress, until it ends or has brought more than `total` bytes."""
    name = os.path.basename(stream.name)[:-len(".part")]
    with Progress(name, start, total, "byte") as progress:
        while progress.done <= total:
            block = response.read(BLOCK)
            if not block:
                return
            stream.write(block)
            progress.advance(steps=len(block))
