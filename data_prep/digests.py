"""Digests of files' contents."""

import hashlib

BLOCK = 1 << 20  # bytes


def file_digests(path, *algorithms):
    """Read a file once; return its hexadecimal digests by the algorithms, which are names that `hashlib` knows."""
    digests = [hashlib.new(algorithm) for algorithm in algorithms]
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            for digest in digests:
                digest.update(block)
    return [digest.hexdigest() for digest in digests]


def file_digest(path):
    """Return the SHA-256 of a file's contents, hexadecimal."""
    return file_digests(path, "sha256")[0]


def text_digest(text):
    """Return the SHA-256 of a text as UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def contents_digest(paths):
    """Return one SHA-256 of the contents of several files in their order, whatever their paths."""
    return text_digest("\n".join(map(file_digest, paths)))
