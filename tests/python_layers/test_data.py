"""SegmentationData: its batches, their order, and the parameters that it refuses."""

import json

import caffe
import numpy as np
import pytest

from data_prep.store.records import open_records
from python_layers.errors import quiet_errors
from python_layers.order import Order

NET = """
layer {{ name: "data" type: "Python" top: "image" top: "label" param {{ lr_mult: 0 decay_mult: 0 }}
  python_param {{ module: "python_layers" layer: "SegmentationData" param_str: '{}' }} }}
"""


def open_net(tmp_path, metadata, **parameters):
    values = dict(dict(source=str(tmp_path / "lmdb" / "train"), mean_bgr=list(metadata.mean_bgr)), **parameters)
    path = tmp_path / "data.prototxt"
    path.write_text(NET.format(json.dumps(values)))
    return caffe.Net(str(path), caffe.TRAIN)


def batches(net, count):
    for _ in range(count):
        net.forward()
        yield net.blobs["image"].data.copy(), net.blobs["label"].data.copy()


def test_delivers_the_records_less_the_mean(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(10, 12), (7, 5), (9, 9)]})
    records = open_records(str(tmp_path / "lmdb" / "train"))
    net = open_net(tmp_path, metadata, shuffle=False)
    for index, (image, label) in enumerate(batches(net, 6)):
        expected, labels = records[index % 3]
        assert image[0] == pytest.approx(expected[:, :, ::-1].transpose(2, 0, 1)
                                         - np.array(metadata.mean_bgr)[:, None, None], abs=1e-4)
        assert np.array_equal(label[0], labels)


def test_the_mean_is_that_of_the_dataset_if_none_is_given(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(10, 12), (7, 5)]})
    given = list(batches(open_net(tmp_path, metadata), 2))
    derived = list(batches(open_net(tmp_path, metadata, mean_bgr=None), 2))
    assert all(np.array_equal(*pair) for pairs in zip(given, derived) for pair in zip(*pairs))
    other = next(batches(open_net(tmp_path, metadata, mean_bgr=[1, 2, 3]), 1))
    difference = np.float32(metadata.mean_bgr) - np.float32([1, 2, 3])
    assert np.allclose(other[0] - given[0][0], difference[:, None, None], atol=1e-4)


def test_an_epoch_holds_each_record_once_and_half_are_mirrored(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(24, 32)] * 20})
    records = open_records(str(tmp_path / "lmdb" / "train"))
    truth = [records[index][1] for index in range(20)]
    order, mirrored = [], 0
    for _, labels in batches(open_net(tmp_path, metadata, mirror=True, batch=4), 10):
        for label in labels:
            plain = [index for index in range(20) if np.array_equal(label, truth[index])]
            turned = [index for index in range(20) if np.array_equal(label, truth[index][:, ::-1])]
            order += plain or turned
            mirrored += not plain
    assert sorted(order[:20]) == list(range(20)) and sorted(order[20:]) == list(range(20))
    assert order[:20] != order[20:]
    assert 10 <= mirrored <= 30


@pytest.fixture
def second_of_two():
    """This process is rank 1 of two."""
    caffe.set_multiprocess(True)
    caffe.set_solver_count(2)
    caffe.set_solver_rank(1)
    yield
    caffe.set_multiprocess(False)
    caffe.set_solver_count(1)
    caffe.set_solver_rank(0)


@pytest.mark.parametrize("round_length, places",
                         [(None, [1, 3, 5, 7, 9]), (2, [1, 3, 5, 7, 9]), (4, [2, 3, 6, 7, 10])])
def test_one_of_two_takes_its_share_of_each_round(tmp_path, make_dataset, second_of_two, round_length, places):
    metadata = make_dataset({"train": [(6, 8)] * 12})
    records = open_records(str(tmp_path / "lmdb" / "train"))
    given = {} if round_length is None else {"round": round_length}
    taken = [labels[0] for _, labels in batches(open_net(tmp_path, metadata, shuffle=False, **given), 5)]
    np.testing.assert_array_equal(taken, [records[place][1] for place in places])


def test_a_saved_net_goes_on_with_the_next_batch(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(6, 8)] * 7})
    net = open_net(tmp_path, metadata, mirror=True, batch=2, seed=3)
    everything = list(batches(net, 9))
    net = open_net(tmp_path, metadata, mirror=True, batch=2, seed=3)
    list(batches(net, 5))
    net.save(str(tmp_path / "saved.caffemodel"))
    restored = open_net(tmp_path, metadata, mirror=True, batch=2, seed=3)
    restored.copy_from(str(tmp_path / "saved.caffemodel"))
    for batch, expected in zip(batches(restored, 4), everything[5:]):
        assert np.array_equal(batch[0], expected[0]) and np.array_equal(batch[1], expected[1])


def test_order_follows_from_the_seed():
    def stream(seed):
        order = Order(5, shuffle=True, mirror=True, seed=seed)
        return [order.at(position) for position in range(30)]
    assert stream(1) == stream(1) != stream(2)
    order = Order(5, shuffle=True, mirror=True, seed=1)
    assert [order.at(position) for position in reversed(range(30))] == stream(1)[::-1]


def test_images_of_two_sizes_in_a_batch_are_refused(tmp_path, make_dataset, capfd):
    metadata = make_dataset({"train": [(10, 12), (7, 5)]})
    with pytest.raises(ValueError, match="mixes the sizes"):
        open_net(tmp_path, metadata, batch=2)
    assert "iter_size 2" in capfd.readouterr().err


@pytest.mark.parametrize("parameters, named", [
    (dict(sauce="x"), "'sauce'"), (dict(batch="many"), "'batch'"), (dict(source="/nowhere"), "/nowhere"),
    (dict(source=[]), "not an empty list"), (dict(late_augmentation=dict(hue=0.1)), "set that, too")])
def test_wrong_parameters_are_named(tmp_path, make_dataset, parameters, named):
    metadata = make_dataset({"train": [(10, 12)]})
    values = dict(source=str(tmp_path / "lmdb" / "train"), mean_bgr=list(metadata.mean_bgr))
    values.update(parameters)
    path = tmp_path / "data.prototxt"
    path.write_text(NET.format(json.dumps(values)))
    with pytest.raises(ValueError, match=named):
        caffe.Net(str(path), caffe.TRAIN)


def test_errors_are_left_to_programs_that_report_them(tmp_path, make_dataset, capfd):
    metadata = make_dataset({"train": [(10, 12), (7, 5)]})
    with quiet_errors(), pytest.raises(ValueError, match="mixes the sizes"):
        open_net(tmp_path, metadata, batch=2)
    assert capfd.readouterr().err == ""
    with pytest.raises(ValueError, match="mixes the sizes"):
        open_net(tmp_path, metadata, batch=2)
    assert "Traceback" in capfd.readouterr().err


AUGMENTED = dict(mirror=True, seed=3, augmentation=dict(scale=[0.5, 2], crop=[6, 9], brightness=0.3, hue=0.05))


def test_an_augmented_stream_goes_on_as_it_would_have(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(6, 8), (11, 7), (5, 9)]})  # of several sizes: crops make them one
    everything = list(batches(open_net(tmp_path, metadata, batch=2, **AUGMENTED), 8))
    assert everything[0][0].shape == (2, 3, 6, 9)
    assert len({labels.tobytes() for _, labels in everything}) == 8
    goes_on = open_net(tmp_path, metadata, batch=2, **AUGMENTED)
    goes_on.params["data"][0].data[...] = 5
    for batch, expected in zip(batches(goes_on, 3), everything[5:]):
        assert all(np.array_equal(*pair) for pair in zip(batch, expected))


def test_augmented_batches_do_not_depend_on_how_they_are_cut(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(6, 8), (11, 7), (5, 9)]})
    pairs = [pair for batch in batches(open_net(tmp_path, metadata, batch=3, **AUGMENTED), 4) for pair in zip(*batch)]
    alone = [next(zip(*batch)) for batch in batches(open_net(tmp_path, metadata, batch=1, **AUGMENTED), 12)]
    assert all(np.array_equal(*arrays) for pair in zip(pairs, alone) for arrays in zip(*pair))


def test_after_so_many_images_they_are_augmented_in_another_way(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(12, 16), (11, 17), (15, 19)]})
    late = dict(scale=[0.5, 0.5], crop=[6, 9], contrast=0.4)
    first, second, both = (
        list(batches(open_net(tmp_path, metadata, batch=2, **{**AUGMENTED, **changes}), 4))
        for changes in ({}, dict(augmentation=late), dict(late_from=4, late_augmentation=late)))
    for number, batch in enumerate(both):
        assert all(np.array_equal(*pair) for pair in zip(batch, (second if number >= 2 else first)[number]))
        assert not np.array_equal(first[number][0], second[number][0])


def test_outside_the_image_is_void_and_zero_but_for_rounding(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(4, 5)]})
    image, labels = next(batches(open_net(tmp_path, metadata, augmentation=dict(crop=[8, 9])), 1))
    assert np.count_nonzero(labels == 255) >= 8 * 9 - 4 * 5
    assert np.abs(image[0][:, [0, -1]][:, :, [0, -1]]).min(axis=(1, 2)).max() <= 0.5


def test_folders_follow_one_another_with_so_many_records_of_each(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(10, 12), (7, 5), (9, 9)], "val": [(4, 5)]})
    folders = [str(tmp_path / "lmdb" / split) for split in ("val", "train")]
    truth = [open_records(folders[0])[0][1], open_records(folders[1])[0][1], open_records(folders[1])[1][1]]
    net = open_net(tmp_path, metadata, source=folders, records=2, shuffle=False, mean_bgr=None)
    for expected, (_, labels) in zip(truth + truth, batches(net, 6)):
        assert np.array_equal(labels[0], expected)


def test_records_that_are_spread_are_at_even_steps(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(4, 5)] * 7})
    records = open_records(str(tmp_path / "lmdb" / "train"))
    net = open_net(tmp_path, metadata, records=3, spread=True, shuffle=False)
    taken = [labels[0] for _, labels in batches(net, 6)]
    np.testing.assert_array_equal(taken, [records[place][1] for place in (0, 2, 4, 0, 2, 4)])
