"""SHA-256 digests of files."""

import hashlib

BLOCK = 1 << 22  # bytes


def file_digest(path):
    """Return the SHA-256 of a file's contents, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def contents_digest(paths):
    """Return one SHA-256 of the contents of several files in their order, wherever they lie."""
    return hashlib.sha256("\n".join(map(file_digest, paths)).encode()).hexdigest()
