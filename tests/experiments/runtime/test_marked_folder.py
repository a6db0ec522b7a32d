"""Folders that are kept as long as what they are made from stays the same."""

from experiments.runtime.marked_folder import prepare_folder


def test_it_is_kept_with_its_mark_and_emptied_with_another(tmp_path):
    folder = tmp_path / "unaries" / "val"
    prepare_folder(folder, "a")
    (folder / "000000.npy").write_text("kept")
    (folder / ".000001.npy.77").write_text("half of one")
    prepare_folder(folder, "a")
    assert [path.name for path in folder.iterdir()] == ["000000.npy"]
    moved = tmp_path / "moved"
    (tmp_path / "unaries").rename(moved)
    prepare_folder(moved / "val", "a")
    assert (moved / "val" / "000000.npy").read_text() == "kept"
    prepare_folder(moved / "val", "b")
    assert list((moved / "val").iterdir()) == []
