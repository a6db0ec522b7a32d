"""CamVid: the published classes, the layout of its folders, and the real frames where they are."""

import os

import numpy as np
import pytest
from PIL import Image

from data_prep import camvid
from data_prep.datasets import list_splits
from data_prep.errors import DataError


def test_camvid_has_the_published_classes():
    names = ["sky", "building", "pole", "road", "pavement", "tree", "sign/symbol", "fence", "car",
             "pedestrian", "bicyclist"]
    assert [(label_id, entry.name) for label_id, entry in camvid.CLASSES.items()] == list(enumerate(names))
    assert camvid.VOID_IDS == (11,)


def test_images_and_labels_of_the_same_name_are_pairs(camvid_root):
    entry, _ = camvid.list_entries(str(camvid_root), "val")
    assert entry.name == "frame_0"
    assert entry.files == (str(camvid_root / "val/frame_0.png"), str(camvid_root / "valannot/frame_0.png"))


def test_value_11_is_void_and_the_others_are_as_in_the_files(camvid_root):
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Image.fromarray(values).save(camvid_root / "valannot/frame_0.png")
    Image.fromarray(np.zeros((3, 4, 3), np.uint8)).save(camvid_root / "val/frame_0.png")
    labels = camvid.list_entries(str(camvid_root), "val", subsampling=1)[0].load()[1]
    assert (labels == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 255]]).all()


@pytest.mark.parametrize("name, left_out, kept", [("camvid-drive", "0006R0", "0001TP"),
                                                  ("camvid-dusk", "0001TP", "0006R0"),
                                                  ("camvid-town", "0016E5", "0001TP")])
def test_a_drive_is_a_split_of_its_own_and_not_in_train(camvid_root, name, left_out, kept):
    for number, drive in enumerate((left_out, kept, left_out, "Seq05VD", kept)):
        for folder in ("train", "trainannot"):
            os.rename(camvid_root / folder / f"frame_{number}.png", camvid_root / folder / f"{drive}_f{number}.png")
    names = {split: [entry.name for entry in entries]
             for split, entries in list_splits(name, str(camvid_root), 0, {}).items()}
    assert names == {"train": sorted([f"{kept}_f1", f"{kept}_f4", "Seq05VD_f3"]),
                     "drive": [f"{left_out}_f0", f"{left_out}_f2"], "val": ["frame_0", "frame_1"]}


def test_a_folder_without_the_drive_is_refused(camvid_root):
    with pytest.raises(DataError, match="5 frames, none of them of the drive 0001TP: .*take camvid"):
        camvid.list_drive_entries(str(camvid_root), "drive", drive=camvid.DUSK)
    for name in os.listdir(camvid_root / "train"):
        for folder in ("train", "trainannot"):
            os.rename(camvid_root / folder / name, camvid_root / folder / f"0001TP_{name}")
    with pytest.raises(DataError, match="5 frames, none of them of another drive than 0001TP: "):
        camvid.list_drive_entries(str(camvid_root), "train", drive=camvid.DUSK)


@pytest.mark.skipif(not os.environ.get("CAMVID"), reason="CAMVID does not name CamVid's folder")
@pytest.mark.parametrize("name, train, drive", [("camvid-drive", 266, 101), ("camvid-dusk", 305, 62),
                                                ("camvid-town", 163, 204)])
def test_the_real_drives(name, train, drive):
    entries = list_splits(name, os.environ["CAMVID"], 0, {})
    assert (len(entries["train"]), len(entries["drive"]), len(entries["val"])) == (train, drive, 101)


@pytest.mark.skipif(not os.environ.get("CAMVID"), reason="CAMVID does not name CamVid's folder")
def test_the_real_camvid():
    entries = list_splits("camvid", os.environ["CAMVID"], 0, {})
    assert len(entries["train"]) == 367 and len(entries["val"]) == 101
    pairs = [entry.load() for entry in entries["train"][::40]]
    assert {image.shape for image, _ in pairs} == {(360, 480, 3)}
    seen = np.unique(np.concatenate([labels.ravel() for _, labels in pairs]))
    assert set(seen) == set(range(11)) | {255}
    # A label belongs to its image: CamVid's sky is brighter than its road.
    brightness = [np.mean([image[labels == k].mean() for image, labels in pairs if np.any(labels == k)])
                  for k in (0, 3)]
    assert brightness[0] > brightness[1] + 50
