"""Downloads from a server on this machine: whole, broken, continued and verified."""

import hashlib
import http.server
import os
import threading

import numpy as np
import pytest

from data_prep import download as module
from data_prep.download import Source, check_file, download
from data_prep.errors import DataError

CONTENT = np.random.default_rng(0).bytes(300_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves `CONTENT` at /file, up to byte `breaks_after`; notes the ranges that are asked for."""

    ranges = True
    breaks_after = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    def source(self, **changes):
        address = f"http://127.0.0.1:{self.server_port}/file"
        return Source(address, len(CONTENT), hashlib.sha1(CONTENT).hexdigest(),
                      hashlib.sha256(CONTENT).hexdigest())._replace(**changes)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers["Range"]
        self.server.asked.append(asked)
        if self.path != "/file":
            self.send_error(404)
            return
        start = int(asked[len("bytes="):-1]) if asked and self.server.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        self.wfile.write(CONTENT[start:self.server.breaks_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "weights" / "file")


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def test_a_file_is_downloaded_once(server, path, capsys):
    download(server.source(), path)
    assert read(path) == CONTENT and os.listdir(os.path.dirname(path)) == ["file"]
    assert "file: 0.3 of 0.3 MB" in capsys.readouterr().out
    download(server.source(), path)
    assert server.asked == [None]


@pytest.mark.parametrize("block", [1 << 20, 1000])
def test_a_broken_download_goes_on(server, path, monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK", block)
    server.breaks_after = 100_000
    with pytest.raises(DataError, match="100000 of 300000 bytes.*goes on from there"):
        download(server.source(), path)
    assert not os.path.exists(path) and read(path + ".part") == CONTENT[:100_000]
    server.breaks_after = None
    download(server.source(), path)
    assert read(path) == CONTENT and server.asked == [None, "bytes=100000-"]


def test_a_server_without_ranges_sends_all_again(server, path):
    server.breaks_after = 100_000
    with pytest.raises(DataError):
        download(server.source(), path)
    server.breaks_after, server.ranges = None, False
    download(server.source(), path)
    assert read(path) == CONTENT


def test_a_whole_part_is_not_asked_for_again(server, path):
    os.makedirs(os.path.dirname(path))
    with open(path + ".part", "wb") as stream:
        stream.write(CONTENT)
    download(server.source(), path)
    assert read(path) == CONTENT and server.asked == []


def test_an_interrupted_download_goes_on(server, path, monkeypatch):
    def interrupted(response, stream, start, total):
        stream.write(response.read(5000))
        raise KeyboardInterrupt
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module, "_copy", interrupted)
        download(server.source(), path)
    download(server.source(), path)
    assert read(path) == CONTENT and server.asked == [None, "bytes=5000-"]


@pytest.mark.parametrize("what", ["sha1", "sha256"])
def test_a_wrong_checksum_is_refused(server, path, what):
    with pytest.raises(DataError, match=f"has the {what} [0-9a-f]+, not 0000: .*removed; start the command again"):
        download(server.source(**{what: "0000"}), path)
    assert os.listdir(os.path.dirname(path)) == []


@pytest.mark.parametrize("size, words", [(299_999, "bytes"), (300_001, "300000 of 300001 bytes")])
def test_a_file_of_another_size_is_refused(server, path, size, words):
    with pytest.raises(DataError, match=words):
        download(server.source(size=size), path)
    assert not os.path.exists(path)


def test_a_part_with_a_wrong_beginning_is_refused_and_removed(server, path):
    os.makedirs(os.path.dirname(path))
    for beginning in (b"x" * 7, b"x" * 300_001):
        with open(path + ".part", "wb") as stream:
            stream.write(beginning)
        try:
            download(server.source(), path)
        except DataError as error:
            assert "sha1" in str(error) and len(beginning) == 7
    assert read(path) == CONTENT


def test_a_server_that_does_not_answer_or_know_is_named(server, path):
    source = server.source()
    with pytest.raises(DataError, match="Not Found"):
        download(source._replace(address=source.address + "s"), path)
    with pytest.raises(DataError, match="127.0.0.1:9/file can't be downloaded .*refused"):
        download(source._replace(address="http://127.0.0.1:9/file"), path)


def test_a_damaged_copy_is_not_taken(server, path):
    download(server.source(), path)
    with open(path, "r+b") as stream:
        stream.write(b"damage")
    with pytest.raises(DataError, match="has the sha1"):
        download(server.source(), path)
    with pytest.raises(DataError, match="There is no file nowhere"):
        check_file("nowhere", server.source())
