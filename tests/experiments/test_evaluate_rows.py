"""The command that scores rows: a line per row, and the message where weights are missing."""

import re
import shutil

from experiments.evaluate_rows import main


def test_each_row_has_its_line(tiny_build, command):
    status, output, errors = command(main, "--config", tiny_build.config, "--build", tiny_build.folder,
                                     "--rows", "joint-100", "cnn", "cnn-t2")
    assert status == 0, errors
    lines = [line for line in output.splitlines() if line.startswith(("CNN", "Joint"))]
    assert [line.split("  ")[0] for line in lines] == ["CNN only", "CNN, T = 2, + CRF",
                                                       "Joint, labelled by 100 iterations"]
    assert sorted(path.name for path in (tiny_build.folder / "rows" / "val").iterdir()) == [
        "cnn-t2.npz", "cnn.npz", "joint-100.npz"]


def test_a_row_at_its_own_lambda_labels_its_candidates(tiny_build, command):
    for lam in (5, 10, 20, 40, 80):
        shutil.copytree(tiny_build.folder / "stage4", tiny_build.folder / f"joint-lam{lam}")
    status, output, errors = command(main, "--config", tiny_build.config, "--build", tiny_build.folder,
                                     "--rows", "joint-own")
    assert status == 0, errors
    titled = [line for line in output.splitlines() if line.startswith("Joint, its own λ")]
    assert len(titled) == 2 and re.search(r"as joint\S* on the first half, as joint\S* on the second$", titled[1])
    assert len(list((tiny_build.folder / "rows" / "val").iterdir())) == 6


def test_missing_weights_name_the_target(tiny_build, command):
    shutil.rmtree(tiny_build.folder / "stage4")
    status, _, errors = command(main, "--config", tiny_build.config, "--build", tiny_build.folder, "--rows", "joint")
    assert status == 1 and "There is no" in errors and "make train-stage4" in errors


def test_an_unknown_row_is_named(tiny_build, command):
    status, _, errors = command(main, "--config", tiny_build.config, "--build", tiny_build.folder, "--rows", "finest")
    assert status == 1 and "There is no row 'finest'; the rows are cnn, cnn+crf," in errors
