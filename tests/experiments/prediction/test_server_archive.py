"""The archive for Cityscapes' test server: names, contents, and what the server would refuse."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from data_prep import cityscapes
from experiments.prediction.server_archive import make_submission
from experiments.scoring.result_rows import CNN, JOINT
from tests.experiments.cityscapes_build import SIZE


def submission(build, row=JOINT, **options):
    return make_submission(build.folder, build.root, row, 1, **options)


def test_the_archive_holds_the_label_ids_of_the_test_split(cityscapes_build):
    path = submission(cityscapes_build, subset=True)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [f"berlin_{number:06d}_000019_pred_labelIds.png" for number in range(2)]
        images = cityscapes_build.images("test")
        for name in archive.namelist():
            picture = Image.open(archive.open(name))
            assert picture.mode == "L" and picture.size == SIZE[::-1]
            label_ids = cityscapes_build.crf_label_ids("stage4", images[name.replace("_pred_labelIds.png", "")])
            np.testing.assert_array_equal(np.asarray(picture)[::2, ::2], label_ids)


def test_equal_predictions_give_equal_archives_and_other_rows_others(cityscapes_build):
    path = submission(cityscapes_build, subset=True)
    content = path.read_bytes()
    assert submission(cityscapes_build, subset=True) == path and path.read_bytes() == content
    assert submission(cityscapes_build, CNN, subset=True).read_bytes() != content


def test_what_the_server_would_refuse_is_not_packed(cityscapes_build, monkeypatch):
    with pytest.raises(ValueError, match="has 2 frames of the split test, but the test server wants 1525"):
        submission(cityscapes_build)
    monkeypatch.setitem(cityscapes.FRAMES, "test", 2)
    with pytest.raises(ValueError, match="has 40 x 24 pixels, but the test server wants 2048 x 1024"):
        submission(cityscapes_build)
    assert not list(cityscapes_build.folder.glob("*.zip"))
    monkeypatch.setattr(cityscapes, "FRAME_SIZE", SIZE)
    assert submission(cityscapes_build).is_file()


def test_an_lmdb_without_test_split_or_of_another_dataset_is_named(cityscapes_build):
    path = cityscapes_build.folder / "lmdb" / "dataset.json"
    fields = json.loads(path.read_text())
    del fields["splits"]["test"]
    path.write_text(json.dumps(fields))
    with pytest.raises(ValueError, match="has no split test"):
        submission(cityscapes_build)
    cityscapes_build.call_it_camvid()
    with pytest.raises(ValueError, match="camvid has no official evaluation and no test server"):
        submission(cityscapes_build)
