"""Faults that hit a training run, made with real processes, signals, file systems and limits."""

import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from data_prep.store.records import open_records
from tests.experiments.runs import Runs
from tests.experiments.tiny_experiment import STAGE

LONG = dict(STAGE, iterations=2000, validate_every=20)


def sentence(errors):
    """Return the one sentence with which a run failed."""
    assert errors.startswith("error: ") and errors.count("\n") == 1, errors
    return errors[len("error: "):-1]


def wait_for(path, process):
    deadline = time.monotonic() + 600
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def newest(build, stage="stage1"):
    return max(int(path.stem.split("_")[-1]) for path in (build / stage).glob("snapshot_iter_*.json"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_with_a_snapshot(make_tiny_experiment, fault, number):
    runs = Runs(*make_tiny_experiment(stage1=LONG))
    run = runs.start("stage1")
    wait_for(runs.build / "stage1" / "snapshot_iter_20.json", run)
    run.send_signal(number)
    output, errors = run.communicate()
    assert run.returncode == 128 + number and errors == ""
    assert "interrupted; the same command goes on" in output
    again = runs.start("stage1")
    kept = newest(runs.build)
    wait_for(runs.build / "stage1" / f"snapshot_iter_{kept + 40 - kept % 20}.json", again)
    again.send_signal(number)
    assert f"goes on from iteration {kept}\n" in again.communicate()[0]
    fault(f"{number.name}: exit status {128 + number}, snapshot of iteration {kept} written, resumed from it")


def test_a_second_run_on_the_build_folder_is_refused(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=LONG))
    first = runs.start("stage1")
    wait_for(runs.build / "stage1" / "snapshot_iter_0.json", first)
    status, _, errors = runs.finish("stage1")
    assert status == 1 and f"process {first.pid} on {os.uname().nodename}" in sentence(errors)
    first.kill()
    first.communicate()
    fault(f"second run: {sentence(errors)}")


def test_divergence(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=dict(LONG, type="SGD", base_lr=1e25)))
    status, _, errors = runs.finish("stage1")
    assert status == 1 and "the training has diverged" in sentence(errors) and "Try a lower base_lr" in errors
    assert newest(runs.build) == 0
    fault(f"rate of 1e25: {sentence(errors)}")


def test_a_dataset_that_vanishes(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=LONG))
    run = runs.start("stage1")
    wait_for(runs.build / "stage1" / "snapshot_iter_20.json", run)
    (runs.build / "lmdb").rename(runs.build / "elsewhere")
    _, errors = run.communicate()
    assert run.returncode == 1 and "can't be read any more" in sentence(errors)
    (runs.build / "elsewhere").rename(runs.build / "lmdb")
    again = runs.start("stage1")
    wait_for(runs.build / "stage1" / f"snapshot_iter_{newest(runs.build) + 20}.json", again)
    again.kill()
    again.communicate()
    fault(f"dataset moved away: {sentence(errors)}")


def test_a_dataset_that_is_cut_short(make_tiny_experiment, fault):
    """Reading past a file's end kills the process that reads."""
    runs = Runs(*make_tiny_experiment(stage1=LONG))
    run = runs.start("stage1")
    wait_for(runs.build / "stage1" / "snapshot_iter_20.json", run)
    os.truncate(runs.build / "lmdb" / "train" / "data.mdb", 4096)
    _, errors = run.communicate()
    assert run.returncode == 1 and "changed while it was trained on" in sentence(errors)
    fault(f"LMDB truncated: {sentence(errors)}")


def test_a_damaged_record(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=LONG))
    path = runs.build / "lmdb" / "train" / "data.mdb"
    records, content = open_records(str(path.parent)), bytearray(path.read_bytes())
    content[content.index(records.planes(3).tobytes()) + 1000] ^= 1
    path.write_bytes(content)
    status, _, errors = runs.finish("stage1")
    key = records.keys[3].decode()
    assert status == 1 and f"record {key} of {path.parent} can't be read" in sentence(errors)
    fault(f"one bit of a record: {sentence(errors)}")


def test_a_process_that_reads_the_data_is_killed(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=LONG))
    run = runs.start("stage1")
    wait_for(runs.build / "stage1" / "snapshot_iter_20.json", run)
    for child in psutil.Process(run.pid).children():
        child.kill()
    _, errors = run.communicate()
    assert run.returncode == 1 and "killed as the system does where memory runs out" in sentence(errors)
    fault(f"reader killed: {sentence(errors)}")


def test_too_little_memory_is_said_before_any_is_taken(make_tiny_experiment, make_dataset, tmp_path, fault):
    large = tmp_path / "build"
    make_dataset({"train": [(1500, 1500)] * 2, "val": [(1500, 1500)]}, large)
    runs = Runs(*make_tiny_experiment(net=dict(width=0.5, padding="same"), stage1=dict(LONG, batch=1)))
    limit = 4 << 30
    status, output, errors = runs.finish(
        "stage1", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert status == 1 and "1500 x 1500 needs about" in sentence(errors) and "GB are free" in errors, errors
    fault(f"4 GB for a large net: {sentence(errors)}")


def in_a_file_system_of_its_own(script, *arguments):
    """Run a shell script that may mount file systems, which vanish at its end."""
    for words in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        if subprocess.run([*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL).returncode == 0:
            return subprocess.run([*words, "bash", "-c", script, "fault", *map(str, arguments)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, universal_newlines=True)
    pytest.skip("file systems cannot be mounted here")


def train_words(runs):
    words = [sys.executable, "-m", "experiments.train", "--config", runs.config, "--build", runs.build, "--stage", "1"]
    return " ".join(shlex.quote(str(word)) for word in words)


FULL_DISK = """
cp -a "$1" "$1.copy" && mount -t tmpfs -o size=64m tmpfs "$1" && cp -a "$1.copy/." "$1" || exit 99
free=$(( $(stat -f -c '%a * %S' "$1") ))
head -c $(( free - $2 )) /dev/zero > "$1/filler"
TRAIN
echo "status $?" >&2
ls "$1/stage1" >&2
rm "$1/filler"
TRAIN
echo "status $?" >&2
cp "$1/stage1/final.caffemodel" "$1.copy/"
"""


def test_a_full_disk(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=dict(STAGE, iterations=12)))
    _, expected = runs.train("stage1")
    snapshot = sum(path.stat().st_size for path in (runs.build / "stage1").glob("snapshot_iter_12.*"))
    runs.forget(["stage1"])
    # The disk has room for two snapshots and a part of the third.
    done = in_a_file_system_of_its_own(FULL_DISK.replace("TRAIN", train_words(runs)), runs.build, int(2.6 * snapshot))
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error: The snapshot of iteration ") and "No space left on device" in lines[0], lines
    assert lines[1] == "status 1" and lines[-1] == "status 0"
    kept = lines[0].split("that of iteration ")[1].split(" ")[0]
    assert f"snapshot_iter_{kept}.json" in lines
    assert f"goes on from iteration {kept}" in done.stdout
    assert (runs.build.parent / "build.copy" / "final.caffemodel").read_bytes() == expected
    fault(f"full disk: {lines[0][7:]} With room: resumed, ends with equal weights")


def test_a_folder_that_is_read_only(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment())
    done = in_a_file_system_of_its_own(
        f'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99\n{train_words(runs)}', runs.build)
    assert done.returncode == 1 and f"{runs.build} cannot be written (Read-only file system)" in sentence(done.stderr)
    fault(f"read-only: {sentence(done.stderr)}")


def test_truncated_and_foreign_snapshots(make_tiny_experiment, fault):
    runs = Runs(*make_tiny_experiment(stage1=dict(STAGE, iterations=12)))
    _, expected = runs.train("stage1")
    runs.final("stage1").unlink()
    state = runs.build / "stage1" / "snapshot_iter_12.solverstate"
    os.truncate(state, state.stat().st_size // 2)
    status, output, _ = runs.finish("stage1")
    assert status == 0 and f"passed over: {state} is truncated" in output and "goes on from iteration 10" in output
    assert runs.final("stage1").read_bytes() == expected
    fault("truncated state: named, passed over for iteration 10, ends with equal weights")
    record = json.loads(state.with_suffix(".json").read_text())
    make_tiny_experiment(stage1=dict(STAGE, iterations=12, base_lr=5e-4))
    runs.final("stage1").unlink()
    status, output, _ = runs.finish("stage1")
    named = [line for line in output.splitlines() if "passed over" in line]
    assert status == 0 and len(named) == 2 and "'base_lr: 0.001' there, 'base_lr: 0.0005' here" in named[0]
    assert json.loads(state.with_suffix(".json").read_text())["solver"] != record["solver"]
    fault("states of another rate: both named and passed over, the stage begins anew")
    shutil.rmtree(runs.build / "stage1")
