"""Kills (kill -9) of all long commands but training: started again, each gives the result of an unbroken run."""

import functools
import hashlib
import http.server
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
import yaml

from data_prep.store.records import open_records

KILLS = 3
DEADLINE = 600  # seconds until a test that hangs fails; the machine may be busy

EVALUATION = """
import sys, time
from experiments import evaluate
from experiments.runtime.command_line import run_command

class SlowSegmenter(evaluate.Segmenter):
    def __call__(self, image):
        segmentation = super().__call__(image)
        with open(sys.argv[1], "a") as labelled:
            labelled.write(".")
        time.sleep(0.1)
        return segmentation

evaluate.Segmenter, evaluate.SECONDS_BETWEEN_SAVES = SlowSegmenter, 0
run_command(lambda: evaluate.main(sys.argv[2:]))
"""
DOWNLOAD = """
import sys
from data_prep.download import Source, download
download(Source(sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]), sys.argv[5])
"""


def start(*words):
    return subprocess.Popen([sys.executable, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            universal_newlines=True, start_new_session=True)


def finish(*words):
    run = start(*words)
    output, errors = run.communicate()
    assert run.returncode == 0, errors
    return output


def kill_once(reached, *words):
    """Start a command, kill it once `reached()` is true, and wait until the processes that it started have ended."""
    run = start(*words)
    deadline = time.monotonic() + DEADLINE
    while not reached():
        assert run.poll() is None and time.monotonic() < deadline, run.communicate()
        time.sleep(0.005)
    run.kill()
    run.communicate()  # returns when nobody holds its output any more
    while any(_group(process) == run.pid for process in psutil.process_iter()):
        assert time.monotonic() < deadline, "a process that it started goes on"
        time.sleep(0.05)


def _group(process):
    try:
        return os.getpgid(process.pid) if process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, psutil.Error):
        return None


@pytest.fixture
def moments():
    generator = random.Random(7)
    return lambda most: sorted(generator.sample(range(1, most), KILLS))


def size(path):
    return path.stat().st_size if path.exists() else 0


def test_preparation(tmp_path, moments, fault):
    """Each kill comes a random time after another 64 images were noted as written."""
    def words(output):
        return ["-m", "data_prep", "--dataset", "scenes", "--output", output, "--count", "train=220", "val=1"]

    finish(*words(tmp_path / "unbroken"))
    noted = tmp_path / "killed.partial" / "progress.json"
    delays = [moment / 1000 for moment in moments(300)]
    for delay in delays:
        before = noted.read_text() if noted.exists() else None

        def reached():
            if noted.exists() and noted.read_text() not in ("", before):
                time.sleep(delay)
                return True
            return False

        kill_once(reached, *words(tmp_path / "killed"))
    output = finish(*words(tmp_path / "killed"))
    assert f"goes on after {64 * KILLS} of 220 images" in output, output
    for split in ("train", "val"):
        whole, resumed = (open_records(str(tmp_path / name / split)) for name in ("unbroken", "killed"))
        assert whole.keys == resumed.keys
        assert all(whole.record(index) == resumed.record(index) for index in range(len(whole)))
    described = [(tmp_path / name / "dataset.json").read_text() for name in ("unbroken", "killed")]
    assert described[0] == described[1]
    fault(f"preparation killed {KILLS} times: {output.splitlines()[0]}; records equal to those of an unbroken one")


def test_evaluation(tiny_build, tmp_path, moments, fault):
    result, labelled = tiny_build.folder / "evaluation-val.json", tmp_path / "labelled"
    words = ["-c", EVALUATION, labelled, "--config", tiny_build.config, "--build", tiny_build.folder]
    finish(*words)
    expected, images = result.read_text(), size(labelled)
    result.unlink()
    labelled.unlink()
    reached = moments(images - 2)
    for count in reached:
        kill_once(lambda: size(labelled) >= count, *words)
        assert not result.exists()
    finish(*words)
    assert json.loads(result.read_text()) == json.loads(expected)
    again = size(labelled) - images
    assert 0 <= again <= KILLS, "no more than the image that was at work is labelled again"
    fault(f"evaluation killed {KILLS} times, after {reached} of {images} images: {again} labelled again, equal result")


def test_grid_search(tiny_build, moments, fault):
    values = yaml.safe_load(tiny_build.config.read_text())
    values["grid"] = {"alpha": [5, 10, 20, 35], "lam": [0.2, 0.4], "iterations": [40000]}
    tiny_build.config.write_text(yaml.safe_dump(values))
    result, database = (tiny_build.folder / f"grid-search-val.{suffix}" for suffix in ("json", "sqlite"))
    words = ["-m", "experiments.parallel", "--processes", "2", "experiments.grid_search", "--config", tiny_build.config,
             "--build", tiny_build.folder]
    finish(*words)
    expected = result.read_text()
    for path in (result, database):
        path.unlink()

    def images():
        if not database.exists():
            return 0
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            return connection.execute("SELECT COUNT(DISTINCT image) FROM results").fetchone()[0]
        except sqlite3.OperationalError:  # there is no table yet, or it is being written
            return 0
        finally:
            connection.close()

    reached = moments(5)
    for count in reached:
        kill_once(lambda: images() >= count, *words)
        assert images() >= count and not result.exists()
    done = images()
    output = finish(*words)
    assert f"{5 - done} images to do" in output
    assert json.loads(result.read_text()) == json.loads(expected)
    fault(f"grid search killed {KILLS} times, after {reached} of 5 images: the rest is done, equal result, no process "
          "left behind")


class SlowServer(http.server.BaseHTTPRequestHandler):
    """Sends `content` slowly, from the byte that is asked for."""

    def __init__(self, content, asked, *arguments):
        self.content, self.asked = content, asked
        super().__init__(*arguments)

    def do_GET(self):
        begin = int(self.headers.get("Range", "bytes=0-")[len("bytes="):-1])
        self.asked.append(begin)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(self.content) - begin))
        self.end_headers()
        try:
            for place in range(begin, len(self.content), 1 << 18):
                self.wfile.write(self.content[place:place + (1 << 18)])
                time.sleep(0.03)
        except OSError:  # the other end was killed
            pass

    def log_message(self, *_):
        pass


def test_download(tmp_path, moments, fault):
    content, asked, path = np.random.default_rng(0).bytes(16 << 20), [], tmp_path / "file"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SlowServer, content, asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = ["-c", DOWNLOAD, f"http://127.0.0.1:{server.server_port}", len(content),
             hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest(), path]
    for count in moments(14):
        kill_once(lambda: size(tmp_path / "file.part") >= count << 20, *words)
    finish(*words)
    server.shutdown()
    server.server_close()
    assert path.read_bytes() == content and os.listdir(tmp_path) == ["file"]
    assert len(asked) == KILLS + 1 and asked == sorted(set(asked)) and asked[0] == 0
    fault(f"download killed {KILLS} times: went on from bytes {asked[1:]}, equal content")
