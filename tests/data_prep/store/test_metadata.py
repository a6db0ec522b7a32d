"""dataset.json is read as it was written, and any other file is refused with a sentence."""

import json

import pytest

from data_prep.errors import DataError
from data_prep.store.metadata import LabelClass, Metadata, read_metadata, write_metadata

CLASSES = [LabelClass("sky", "sky", (1, 2, 3)), LabelClass("car", "vehicle", (4, 5, 6))]
METADATA = Metadata(name="camvid", classes=CLASSES,
                    label_ids=[0, 8], mean_bgr=(104.5, 110.25, 120.125), splits={"train": 3, "val": 1},
                    sizes={"train": [(180, 240), (90, 91)], "val": [(180, 240)]}, seed=7, subsampling=2)


def test_what_is_written_is_read(tmp_path):
    write_metadata(str(tmp_path), METADATA)
    assert read_metadata(str(tmp_path)) == METADATA
    assert read_metadata(str(tmp_path / "dataset.json")) == METADATA


def test_the_file_is_plain_json_for_other_tools(tmp_path):
    write_metadata(str(tmp_path), METADATA)
    fields = json.loads((tmp_path / "dataset.json").read_text())
    assert fields["classes"][1] == {"name": "car", "category": "vehicle", "colour": [4, 5, 6]}
    assert fields["mean_bgr"] == [104.5, 110.25, 120.125]
    assert fields["void"] == 255


@pytest.mark.parametrize("change, words", [
    (lambda fields: fields.pop("record_format"), "record format 1, this version reads 2: .* make lmdb again"),
    (lambda fields: fields.update(record_format=3), "record format 3, this version reads 2"),
])
def test_another_format_of_records_is_named(tmp_path, change, words):
    write_metadata(str(tmp_path), METADATA)
    fields = json.loads((tmp_path / "dataset.json").read_text())
    change(fields)
    (tmp_path / "dataset.json").write_text(json.dumps(fields))
    with pytest.raises(DataError, match=words):
        read_metadata(str(tmp_path))


def test_a_missing_file_names_the_command(tmp_path):
    with pytest.raises(DataError, match="is not there: .*make lmdb"):
        read_metadata(str(tmp_path))


@pytest.mark.parametrize("text, words", [
    ("{", "cannot be read"),
    ("[]", "not a description of an LMDB"),
    ("{}", "not a description of an LMDB .*classes"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], mean_bgr=[1, 2])),
     "'mean_bgr' is wrong: wrong tuple length 2, expected 3"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], mean_bgr=[1, 2, float("nan")])),
     "'mean_bgr.2' is wrong"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], seed=1.5)), "'seed' is wrong"),
    (json.dumps(dict(METADATA._asdict(), classes=[])), "'label_ids' is wrong: 2 values for 0 classes"),
    ("[" * 100000, "cannot be read"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], colour=1)), "'colour' is wrong: extra fields"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], seed="7")), "'seed' is wrong"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], void=True)), "'void' is wrong"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], mean_bgr=["1", 2, 3])), "'mean_bgr.0' is wrong"),
    (json.dumps(dict(METADATA._asdict(), classes=[], label_ids=[], mean_bgr=[10 ** 400, 2, 3])), "mean_bgr.0"),
    (json.dumps(dict(METADATA._asdict(), classes=[["sky", "sky", [1, 2, 3]]])), "classes"),
])
def test_a_file_that_is_no_description_is_named(tmp_path, text, words):
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(DataError, match=words):
        read_metadata(str(tmp_path))
