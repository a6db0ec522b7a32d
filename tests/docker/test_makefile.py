"""The Makefile: what depends on what, and what counts as done."""

import os
import re
import shutil
import time

import pytest

from experiments.settings.config import load_config
from prototxt.stages import STAGES
from tests.docker.fakes import REPOSITORY
from tests.docker.front_door import STEPS, finish, steps


def test_help_lists_every_target(front_door):
    done = front_door.run("make")
    text = (REPOSITORY / "Makefile").read_text()
    internal = {"dataset-folder", "best-settings"}
    phony = set(re.search(r"\.PHONY: ((?:.*\\\n)*.*)", text).group(1).replace("\\\n", " ").split())
    names = {name for name in phony if re.fullmatch(r"[a-z-]+", name)} - internal
    names |= {f"train-stage{number}" for number in range(1, 5)}
    assert len(names) > 15
    assert names == set(re.findall(r"^  ([a-z][a-z0-9-]+) ", done.stdout, re.M))


@pytest.mark.parametrize("target, wanted", [
    ("lmdb", STEPS[:1]), ("nets", STEPS[:2]), ("train-stage1", STEPS[:3]), ("train-stage2", STEPS[:4]),
    ("train-stage3", STEPS[:5]), ("train-stage4", STEPS[:6]), ("train-joint", STEPS[:6]),
    ("train-control", STEPS[:7]), ("train", STEPS[:7]), ("evaluate", STEPS[:8]), ("report", STEPS),
    ("demo", STEPS), ("official-evaluation", [*STEPS[:7], "official-evaluation"]),
    ("submission", [*STEPS[:6], "submission"]), ("grid-search", [*STEPS[:5], "grid-search"]), ("weights", ["weights"])])
def test_each_target_makes_what_it_needs_in_order(front_door, target, wanted):
    assert steps(front_door, target) == wanted


def test_finished_work_is_not_done_again(front_door):
    finish(front_door, *STEPS[:7])
    assert steps(front_door, "train") == []
    assert steps(front_door, "evaluate") == ["evaluate"]


def test_an_interrupted_stage_goes_on_alone(front_door):
    finish(front_door, *STEPS[:4])
    assert steps(front_door, "train-stage3") == ["stage3"]


def test_a_touched_configuration_renews_nets_and_scores_but_not_weights(front_door):
    finish(front_door, *STEPS[:8])
    (front_door.repository / "experiments" / "configs" / "scenes.yaml").touch()
    assert steps(front_door, "report") == ["nets", "evaluate", "report"]
    assert steps(front_door, "train") == []


def test_an_older_file_with_another_configuration_renews_the_nets(front_door):
    finish(front_door, *STEPS[:8])
    other = front_door.repository / "other.yaml"
    other.write_text("seed: 1\n")
    os.utime(other, (0, 0))
    assert steps(front_door, "report", "CONFIG=other.yaml") == ["nets", "evaluate", "report"]
    assert steps(front_door, "nets", "CONFIG=other.yaml") == []
    assert steps(front_door, "nets") == ["nets"]


@pytest.mark.parametrize("order", [list(STAGES), list(STAGES)[::-1]])
def test_dates_of_weights_do_not_matter(front_door, order):
    finish(front_door, *STEPS[:7])
    finish(front_door, *order)
    assert steps(front_door, "train") == []


def test_removed_weights_of_early_stages_are_not_trained_again(front_door):
    finish(front_door, "lmdb", "nets", "stage3", "stage4", "control")
    assert steps(front_door, "evaluate") == ["evaluate"]


def test_a_missing_net_renews_all_in_one_run(front_door):
    finish(front_door, "lmdb", "nets")
    (front_door.repository / "build" / "scenes" / "nets" / "stage3" / "solver.prototxt").unlink()
    assert steps(front_door, "nets") == ["nets"]


def test_configuration_and_build_folder_can_be_named(front_door):
    done = front_door.run("make", "-n", "evaluate", "CONFIG=experiments/configs/camvid.yaml", "BUILD=build/short",
                          "SPLIT=train", "LMDB_ARGS=--count train=40")
    assert "--output build/short/lmdb --count train=40" in " ".join(done.stdout.split())
    assert "evaluate --config experiments/configs/camvid.yaml --build build/short --split train" in done.stdout


@pytest.mark.parametrize("path", sorted((REPOSITORY / "experiments" / "configs").glob("*.yaml")),
                         ids=lambda path: path.stem)
def test_scored_are_the_splits_of_the_configuration(front_door, path):
    config = load_config(path)
    (front_door.repository / "experiments" / "configs" / f"{config.dataset}.yaml").touch()
    words = [f"DATASET={config.dataset}", "CAMVID=there", "CITYSCAPES=there"]
    for target in ("evaluate", "report"):
        done = front_door.run("make", "-n", target, *words)
        assert f"experiments.{target} --config " in done.stdout, done.stderr
        assert f"--split {' '.join(config.scored_splits)}\n" in done.stdout
    for target in ("grid-search", "official-evaluation"):  # of one split
        words_of_target = front_door.run("make", "-n", target, *words).stdout.split("--split ")[1].split()
        assert words_of_target[0] == config.scored_splits[0] and words_of_target[1:2] in ([], ["--root"])


def test_several_processes_and_machines_are_handed_over(front_door):
    finish(front_door, *STEPS[:7])
    (front_door.repository / "docker" / "run").write_text('#!/bin/sh\necho "$NP/$HOSTS/$MPI_ARGS" "$@"\n')
    done = front_door.run("make", "evaluate", "grid-search", "NP=3", "HOSTS=a:2,b:1", "MPI_ARGS=--mca x y")
    for module in ("evaluate", "grid_search"):
        assert f"3/a:2,b:1/--mca x y python3 -m experiments.{module} --config" in done.stdout, done.stderr
    assert "// python3 -m experiments.evaluate --config" in front_door.run("make", "evaluate").stdout


def test_dataset_folder_is_handed_over(front_door):
    done = front_door.run("make", "-n", "lmdb", "DATASET=camvid", "CAMVID=../some camvid")
    assert '--dataset camvid --output build/camvid/lmdb --root "../some camvid"' in done.stdout


def test_benchmark_gets_the_folder_of_cityscapes(front_door):
    done = front_door.run("make", "-n", "official-evaluation", "submission", "CITYSCAPES=../some cityscapes",
                          "SUBMIT_ARGS=--row cnn")
    assert 'official_evaluation --config experiments/configs/scenes.yaml --build build/scenes --split val ' \
        '--root "../some cityscapes"' in done.stdout
    assert 'submission --config experiments/configs/scenes.yaml --build build/scenes --root "../some cityscapes" ' \
        '--row cnn' in done.stdout


def test_grid_search_gets_split_and_options(front_door):
    finish(front_door, *STEPS[:5])
    done = front_door.run("make", "-n", "grid-search", "GRID_ARGS=--write")
    assert "experiments.grid_search --config experiments/configs/scenes.yaml --build build/scenes --split val --write" \
        in done.stdout


def test_the_crfs_benchmark_takes_a_frame_and_options(front_door):
    done = front_door.run("make", "-n", "bench", "FRANKFURT=../some frame", "BENCH_ARGS=--training-step")
    assert 'benchmarks.crf --frame "../some frame"  --training-step' in done.stdout
    assert 'benchmarks.crf  --published "../mrf" ' in front_door.run("make", "-n", "bench", "MRF=../mrf").stdout
    assert "--frame" not in front_door.run("make", "-n", "bench").stdout


def test_weights_of_vgg16_are_made_once_and_from_a_copy_if_there_is_one(front_door):
    assert steps(front_door, "weights") == ["weights"] and steps(front_door, "weights") == []
    shutil.rmtree(front_door.repository / "build" / "weights")
    done = front_door.run("make", "-n", "weights", "VGG16=/data/VGG 16.caffemodel")
    assert '--output build/weights/vgg16.caffemodel --file "/data/VGG 16.caffemodel"' in done.stdout


@pytest.mark.parametrize("value, wanted", [
    ("build/weights/vgg16.caffemodel", ["weights"]), ('"build/weights/vgg16.caffemodel"', ["weights"]),
    ("'build/weights/vgg16.caffemodel'  # VGG16's", ["weights"]), ("null", []), ("~", []), ("", []), ("# none", [])])
def test_initial_weights_are_made_however_yaml_writes_them(front_door, value, wanted):
    finish(front_door, *STEPS[:2])
    config = front_door.repository / "experiments" / "configs" / "scenes.yaml"
    config.write_text(f"initial_weights: {value}\n")
    shutil.copy(config, front_door.repository / "build" / "scenes" / "nets" / "config.yaml")
    os.utime(config, (0, 0))
    assert steps(front_door, "train-stage1") == [*wanted, "stage1"]


def test_dataset_folder_that_is_not_named(front_door):
    done = front_door.run("make", "lmdb", "DATASET=camvid")
    assert done.returncode != 0
    assert "error: CAMVID is not set; name the folder of the dataset camvid: CAMVID=<folder>" in done.stderr
    assert not front_door.calls("docker")


def test_scenes_are_asked_for_again_when_their_version_may_have_changed(front_door):
    version = front_door.repository / "data_prep" / "scenes" / "__init__.py"
    version.parent.mkdir(parents=True)
    version.touch()
    finish(front_door, "lmdb")
    assert steps(front_door, "lmdb") == []
    later = time.time() + 5
    os.utime(version, (later, later))
    assert steps(front_door, "lmdb") == ["lmdb"]
    finish(front_door, "lmdb", dataset="camvid")
    assert steps(front_door, "lmdb", "DATASET=camvid") == []


def test_dataset_folder_is_not_needed_any_more_once_the_lmdb_is_there(front_door):
    finish(front_door, *STEPS[:7], dataset="camvid")
    assert steps(front_door, "evaluate", "DATASET=camvid") == ["evaluate"]


def test_unknown_dataset(front_door):
    done = front_door.run("make", "nets", "DATASET=moon")
    assert done.returncode != 0
    assert "error: there is no experiments/configs/moon.yaml; DATASET is one of scenes camvid camvid-drive " \
        "camvid-dusk camvid-town cityscapes" in done.stderr


def test_clean_removes_one_dataset(front_door):
    finish(front_door, "lmdb")
    finish(front_door, "lmdb", dataset="camvid")
    assert front_door.run("make", "clean", "DATASET=camvid").returncode == 0
    build = front_door.repository / "build"
    assert (build / "scenes").exists() and not (build / "camvid").exists()
