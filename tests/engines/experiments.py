"""Experiments on drawn scenes: one of a few iterations, and ones with a stage that is long enough to be disturbed."""

import json
import time

SMOKE = ["CONFIG=experiments/configs/scenes-smoke.yaml", "BUILD=build/scenes-smoke"]
FEW_SCENES = "LMDB_ARGS=--count train=40 val=10"


def write_config(path, iterations, validate_every):
    """Write a configuration whose stages have so many iterations (JSON, which is YAML too)."""
    stage = dict(type="Adam", base_lr=1.0e-3, iterations=iterations, batch=2, validate_every=validate_every)
    path.write_text(json.dumps({"dataset": "scenes", "seed": 0, "net": {"width": 0.03125, "padding": "same"},
                                **{f"stage{number}": stage for number in (1, 2, 3, 4)}}))


def snapshots(stage):
    """Return the iterations of the snapshots in a stage's folder that are whole."""
    return {int(path.stem.rpartition("_")[2]) for path in stage.glob("snapshot_iter_*.json")}


def await_snapshot(job, stage, before, seconds=180):
    """Wait until a running training has written a snapshot that was not there before."""
    end = time.monotonic() + seconds
    while snapshots(stage) <= before:
        assert job.poll() is None, job.communicate()
        assert time.monotonic() < end, "no snapshot in time"
        time.sleep(0.1)
