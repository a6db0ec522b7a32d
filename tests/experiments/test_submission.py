"""The command line that makes the archive for Cityscapes' test server."""

import zipfile

import pytest

from experiments import submission


@pytest.mark.parametrize("row, options", [("joint", ()), ("cnn", ("--row", "cnn"))])
def test_the_archive_is_named_with_its_frames_and_size(cityscapes_build, command, row, options):
    status, output, error = command(submission.main, *cityscapes_build.arguments("--subset", *options))
    assert status == 0, error
    path = cityscapes_build.folder / f"submission-{row}.zip"
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 2
    line, *advice = output.splitlines()[-2 if row == "joint" else -1:]
    assert line == (f"{path}: label ids of 2 frames, {path.stat().st_size / 1e6:.1f} MB; names, sizes and ids are "
                    "checked")
    assert [str(cityscapes_build.folder / "test-server.yaml") in note for note in advice] == [True] * (row == "joint")


def test_what_cannot_be_submitted_is_one_sentence(cityscapes_build, command):
    experiment = "--config", cityscapes_build.config, "--build", cityscapes_build.folder
    for arguments, words in (((*experiment, "--root", ""), "CITYSCAPES=<folder>"),
                             (cityscapes_build.arguments(), "give --subset")):
        status, output, error = command(submission.main, *arguments)
        assert (status, output, error.count("\n")) == (1, "", 1) and words in error
    assert command(submission.main, *cityscapes_build.arguments("--row", "none"))[0] == 2
    assert not list(cityscapes_build.folder.glob("*.zip"))
