"""The memory of a call: checked before it is taken, and estimated as it is measured."""
import resource
import subprocess
import sys

import numpy as np
import pytest

import theano_crf
from theano_crf import memory
from theano_crf.ops import DualMM
from theano_crf.theano_functions import theano_function

HUGE = 1, 19, 100000, 100000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_frame_that_does_not_fit_is_one_sentence_before_anything_is_taken(dtype):
    """The arrays repeat one number, so they take no memory themselves."""
    unary, weights = (np.broadcast_to(dtype(0), (1, axis, *HUGE[2:])) for axis in (19, 2))
    truth = np.broadcast_to(np.int32(0), (1, *HUGE[2:]))
    calls = [lambda: theano_crf.dual_mm(unary, weights), lambda: theano_crf.ssvm(unary, weights, truth)]
    for solve in calls:
        with pytest.raises(MemoryError, match=r"unary \(1, 19, 100000, 100000\) needs \d{4}\.\d GB of memory") as error:
            solve()
        assert "\n" not in str(error.value)


LABELS = 4 * 16 * 16  # bytes of the labels of 16 x 16 pixels, which a call gives away


@pytest.fixture
def free(monkeypatch):
    """Return a function that sets the bytes that are free, when each call is checked and nothing is held yet."""
    monkeypatch.setattr(memory, "_held", {})
    monkeypatch.setattr(memory, "UNCHECKED", 0)
    return lambda number: monkeypatch.setattr(memory, "available_bytes", lambda: number)


def call(*arguments, **settings):
    memory.check(*arguments, **settings)
    settings.pop("converted", None)
    memory.hold(*arguments, **settings)


def test_what_the_last_call_took_is_granted_again(free):
    """The compiled function keeps its memory, so the system reports that much less as free."""
    free(memory.needed_bytes("dual_mm", (1, 2, 16, 16)))
    call("dual_mm", (1, 2, 16, 16))
    free(LABELS)
    call("dual_mm", (1, 2, 16, 16))
    with pytest.raises(MemoryError):
        call("dual_mm", (1, 2, 16, 32))
    with pytest.raises(MemoryError):
        call("ssvm", (1, 2, 16, 16))


def test_what_a_call_before_the_last_took_is_no_longer_held(free):
    """A smaller frame's workspace takes the place of a larger one's, whose memory others may have taken since."""
    free(1 << 30)
    call("dual_mm", (1, 2, 160, 160))
    call("dual_mm", (1, 2, 16, 16))
    free(100 * LABELS)
    with pytest.raises(MemoryError):
        call("dual_mm", (1, 2, 160, 160))


def test_the_functions_take_note_of_what_they_hold(free):
    free(1 << 30)
    shape, neighbours = (1, 2, 16, 16), ((0, 1), (1, 0))
    unary, weights, truth = np.zeros(shape), np.zeros(shape), np.full((1, 16, 16), 255)
    theano_crf.dual_mm(unary, weights)
    theano_crf.ssvm(unary, weights, truth)
    variant = (neighbours, True)
    assert memory._held == {("dual_mm", "argmin", None, variant): memory.kept_bytes(shape),
                            ("ssvm", "argmin", None, variant): memory.kept_bytes(shape, with_void=True)}
    theano_crf.ssvm(unary, weights, np.zeros((1, 16, 16), int))
    assert memory._held["ssvm", "argmin", None, variant] == memory.kept_bytes(shape)


@pytest.mark.parametrize("change", [lambda array: array.transpose(0, 1, 3, 2), lambda array: array[..., ::-1],
                                    lambda array: array.astype(np.float64)])
def test_copies_that_the_solver_needs_are_counted(change, free):
    """Of unary costs alone, each 2 x 16 x 16 single precision numbers."""
    shape = 1, 2, 16, 16
    unary, weights = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    free(memory.needed_bytes("dual_mm", shape))
    theano_crf.dual_mm(unary[:, :, ::-1], weights)
    memory._held.clear()
    with pytest.raises(MemoryError):
        theano_crf.dual_mm(change(unary), weights)
    free(memory.needed_bytes("dual_mm", shape, converted=unary.size))
    theano_crf.dual_mm(change(unary), weights)


@pytest.mark.parametrize("call", ["dual_mm", "ssvm"])
def test_a_call_keeps_its_workspace_and_no_results(call):
    generator = np.random.default_rng(0)
    shape = 1, 3, 5, 6
    weights, truth = generator.random((1, 2, 5, 6)), np.zeros((1, 5, 6), int)
    arguments = (weights,) if call == "dual_mm" else (weights, truth)
    results = getattr(theano_crf, call)(generator.random(shape), *arguments)
    before = [result.copy() for result in results]
    assert not any(np.array_equal(one, other) for one, other in
                   zip(before, getattr(theano_crf, call)(generator.random(shape), *arguments)))
    for kept, result in zip(before, results):
        np.testing.assert_array_equal(kept, result)
    compiled = theano_function(*(("dual_mm", "argmin") if call == "dual_mm" else ("ssvm", "argmin")))
    assert compiled.fn.allow_gc is False


def test_the_solvers_workspace_is_what_is_counted():
    """Counted by hand: 2 volumes of 16 x 48 pixels (3 tiles wide), edges of 16 x 32 and 16 x 20, labels of 16 x 20."""
    assert memory.needed_bytes("dual_mm", (2, 3, 16, 20)) == 2 * 4 * (2 * 3 * 16 * 48 + 16 * 32 + 16 * 20 + 16 * 20)
    assert memory.needed_bytes("energy", (2, 3, 16, 20), converted=7) == 4 * (7 + 2 * 16 * 20)


@pytest.mark.parametrize("shape, neighbours", [((2, 3, 16, 20), ((0, 1), (1, 0), (1, 1))), ((1, 5, 33, 7), ((2, 0),))])
def test_the_workspace_for_any_neighbourhood_is_what_is_counted(shape, neighbours):
    """One volume a direction more than the rest; the Op's own workspace has room to be aligned besides."""
    unary, weights = np.zeros(shape, np.float32), np.zeros((shape[0], len(neighbours), *shape[2:]), np.float32)
    workspace = DualMM(neighbours=neighbours)(unary, weights, 1, -np.inf)[2].eval()
    labels = 4 * shape[0] * shape[2] * shape[3]
    counted = memory.needed_bytes("dual_mm", shape, directions=len(neighbours)) - labels
    assert counted <= 4 * workspace.size <= counted + 4 * 16


@pytest.mark.parametrize("directions", [None, 4])
def test_what_icm_takes_is_counted_and_not_held(directions, free):
    """Counted by hand: a byte for 3 labels of 2 images of 16 x 32 pixels, padded, and moves on 16 x 20 of one image."""
    shape, settings = (2, 3, 16, 20), dict(directions=directions)
    icm, others = (memory.needed_bytes("dual_mm", shape, decode=decode, **settings) for decode in ("icm", "viterbi"))
    assert icm - others == 2 * 3 * 16 * 32 + 16 * 20 * (105 if directions is None else 137)
    free(icm)
    call("dual_mm", shape, decode="icm", **settings)
    given_back = icm - others + 4 * 2 * 16 * 20  # with the labels
    free(given_back)
    call("dual_mm", shape, decode="icm", **settings)
    free(given_back - 1)
    with pytest.raises(MemoryError):
        call("dual_mm", shape, decode="icm", **settings)


@pytest.mark.parametrize("other", [{"decode": "viterbi"}, {"directions": 4}, {"variant": "another neighbourhood"}])
def test_what_one_function_holds_is_not_another_ones(other, free):
    free(1 << 30)
    call("dual_mm", (1, 2, 16, 16), converted=1 << 20)
    free(LABELS)
    call("dual_mm", (1, 2, 16, 16))
    with pytest.raises(MemoryError):
        call("dual_mm", (1, 2, 16, 16), **other)
    with pytest.raises(MemoryError):  # what was converted is given back
        call("dual_mm", (1, 2, 16, 16), converted=1 << 20)


def test_a_frame_with_too_many_neighbours_is_refused():
    unary, weights = (np.broadcast_to(np.float32(0), (1, channels, *HUGE[2:])) for channels in (19, 4))
    with pytest.raises(MemoryError, match=r"needs 4\d{3}\.\d GB of memory in dual_mm"):
        theano_crf.dual_mm(unary, weights, neighbours=((0, 1), (1, 0), (1, 1), (1, -1)))


def test_what_void_pixels_take_is_counted_for_one_image():
    """Counted by hand: 5 channels of costs and edges and the labels, of 16 x 20 pixels, and a workspace as above."""
    shape = (2, 3, 16, 20)
    more = memory.needed_bytes("ssvm", shape, with_void=True) - memory.needed_bytes("ssvm", shape)
    assert more == 4 * ((5 + 1) * 16 * 20 + 2 * 3 * 16 * 48 + 16 * 32 + 16 * 20)


def test_void_pixels_are_refused_where_only_the_frame_fits(free):
    shape = (1, 2, 16, 16)
    free(memory.needed_bytes("ssvm", shape))
    arguments = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    truth = np.zeros((1, 16, 16), int)
    theano_crf.ssvm(*arguments, truth)
    truth[0, 3, 4] = 255
    free(memory.needed_bytes("ssvm", shape) - memory.kept_bytes(shape))
    with pytest.raises(MemoryError, match="take fewer images at once or a smaller frame"):
        theano_crf.ssvm(*arguments, truth)


def test_the_process_own_limit_counts():
    limit = 1 << 32
    program = "from theano_crf.memory import available_bytes; print(available_bytes())"
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert 0 < int(done.stdout) < limit


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    for name, text in (("max", "5000000\n"), ("used", "4000000\n"), ("unlimited", "max\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "LIMIT_FILES", ((tmp_path / "max", tmp_path / "used"),))
    assert memory.available_bytes() <= 1000000
    (tmp_path / "memory.stat").write_text("anon 1500000\ninactive_file 2000000\n")
    assert 1000000 < memory.available_bytes() <= 3000000
    monkeypatch.setattr(memory, "LIMIT_FILES", ((tmp_path / "unlimited", tmp_path / "used"),
                                                (tmp_path / "none", tmp_path / "used")))
    assert memory.available_bytes() > 1000000
