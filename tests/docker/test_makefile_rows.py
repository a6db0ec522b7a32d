"""The Makefile's targets of further rows, studies and photographs."""

import os
import shutil
import time

from tests.docker.front_door import STEPS, finish, steps


def test_a_row_that_was_asked_for_is_scored_for_the_report(front_door):
    finish(front_door, *STEPS[:8])
    assert steps(front_door, "report") == ["report"]
    asked = front_door.repository / "build" / "scenes" / "rows" / "shown.json"
    asked.parent.mkdir()
    asked.touch()
    assert steps(front_door, "report") == ["evaluate", "report"]


def test_without_best_settings_nothing_is_trained_for_them(front_door):
    done = front_door.run("make", "train-best")
    assert done.returncode != 0 and "nothing under best; write there what differs" in done.stderr
    assert not (front_door.repository / "steps").exists()


def test_a_study_of_drawn_scenes_has_more_of_them(front_door):
    done = front_door.run("make", "-n", "study", "SEEDS=0,3", "ROWS=cnn+crf,joint", "NP=2",
                          "LMDB_ARGS=--count train=40 val=10")
    text = " ".join(done.stdout.replace("\\\n", " ").split())
    assert "--output build/scenes/study/lmdb --count val=500 --count train=40 val=10" in text
    assert "experiments.study --config experiments/configs/scenes.yaml --build build/scenes --split val --seeds 0 3 " \
        '--rows cnn+crf joint --processes "2"' in text
    done = front_door.run("make", "-n", "study", "HOSTS=a:2,b:1", "MPI_ARGS=--mca x y")
    assert '--hosts "a:2,b:1" --mpirun="--mca x y"' in done.stdout


def test_a_study_of_other_datasets_takes_their_data(front_door):
    finish(front_door, "lmdb", dataset="camvid")
    assert steps(front_door, "study", "DATASET=camvid") == ["study"]
    assert steps(front_door, "study-report", "DATASET=camvid") == ["study-report"]


def test_a_row_is_trained_from_the_nets_on(front_door):
    finish(front_door, "lmdb", "nets")
    done = front_door.run("make", "-n", "train-row", "ROW=control-x3")
    assert '--build build/scenes --row "control-x3"' in done.stdout
    done = front_door.run("make", "train-row")
    assert done.returncode != 0 and "error: ROW is not set; name a row of results: ROW=control-x3" in done.stderr


def test_the_best_settings_are_trained_from_stage_3_and_by_the_demo_where_there_are_some(front_door):
    config = front_door.repository / "experiments" / "configs" / "scenes.yaml"
    config.write_text("best: {crf: {lam: 10}}\n")
    assert steps(front_door, "train-best") == [*STEPS[:5], "best"] and steps(front_door, "train-best") == []
    shutil.rmtree(front_door.repository / "build")
    assert steps(front_door, "demo") == [*STEPS[:7], "best", "evaluate", "report"]
    shutil.rmtree(front_door.repository / "build" / "scenes" / "best")
    assert steps(front_door, "report") == ["report"]
    # an evaluation without the row is not enough for the demo
    assert steps(front_door, "demo") == ["best", "evaluate", "report"]


def test_photographs_are_segmented_without_anything_made_before(front_door):
    done = front_door.run("make", "-n", "predict", "IMAGES=a.jpg ../b.jpg", "PREDICT_ARGS=--row cnn+crf")
    assert "experiments.predict --config experiments/configs/scenes.yaml --build build/scenes --row cnn+crf " \
        "a.jpg ../b.jpg" \
        in done.stdout and "experiments.train" not in done.stdout
    finish(front_door, "lmdb")  # then the nets are made as the configuration has them
    assert steps(front_door, "predict", "IMAGES=a.jpg") == ["nets"]
    done = front_door.run("make", "predict")
    assert done.returncode != 0 and 'error: IMAGES is not set; name photographs: IMAGES="a.jpg b.jpg"' in done.stderr


def test_further_rows_are_scored_when_asked_for_and_when_trained_since(front_door):
    finish(front_door, *STEPS[:8])
    done = front_door.run("make", "-n", "evaluate", "ROWS=cnn-t5,joint-100")
    assert "experiments.evaluate --config experiments/configs/scenes.yaml --build build/scenes --split val " \
        "--rows cnn-t5 joint-100" in done.stdout
    assert steps(front_door, "report") == ["report"]
    variant = front_door.repository / "build" / "scenes" / "joint-8" / "final.caffemodel"
    variant.parent.mkdir()
    variant.touch()
    later = time.time() + 5
    os.utime(variant, (later, later))
    assert steps(front_door, "report") == ["evaluate", "report"]
