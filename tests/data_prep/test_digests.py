"""Digests equal those of the command line tools that every system has."""

import subprocess

import pytest

from data_prep.digests import BLOCK, contents_digest, file_digest, file_digests


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (BLOCK // 256) + b"and more")
    return path


def by_tool(tool, path):
    return subprocess.run([tool, str(path)], stdout=subprocess.PIPE, check=True, text=True).stdout.split()[0]


def test_digests_are_those_of_the_tools(file):
    assert file_digests(file, "sha1", "sha256") == [by_tool("sha1sum", file), by_tool("sha256sum", file)]
    assert file_digest(file) == by_tool("sha256sum", file)


def test_a_digest_of_several_files_follows_from_contents_and_order_not_from_places(tmp_path, file):
    other, moved = tmp_path / "other", tmp_path / "elsewhere"
    other.write_text("other")
    first = contents_digest([file, other])
    assert contents_digest([other, file]) != first
    file.rename(moved)
    assert contents_digest([moved, other]) == first
    moved.write_text("and more")
    assert contents_digest([moved, other]) != first
