"""The choice of the instruction set, by the processor's flags and the environment."""
import pytest

from theano_crf import instruction_sets
from theano_crf.ops import DualMM, HalfStep

AVX2 = "processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma\nprocessor\t: 1\nflags\t\t: fpu avx512f\n"
AVX512 = "flags : avx2 avx512f avx512bw\n"


@pytest.fixture(autouse=True)
def forget():
    """Flags are read once per process; each test begins and ends with them unread."""
    instruction_sets._processor_flags.cache_clear()
    yield
    instruction_sets._processor_flags.cache_clear()


@pytest.mark.parametrize("flags, most, expected", [
    (AVX2, None, "avx2"), (AVX512, None, "avx512"), ("vendor_id : Arm\n", None, "baseline"), (None, None, "baseline"),
    (AVX512, "avx2", "avx2"), (AVX512, "baseline", "baseline"), (AVX2, "avx512", "avx2"), (AVX2, "", "avx2"),
    (AVX2, "neon", "avx2")])
def test_the_best_that_is_there_and_asked_for(tmp_path, monkeypatch, flags, most, expected):
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(flags)
    monkeypatch.setattr(instruction_sets, "CPU_INFORMATION", str(path))
    monkeypatch.delenv(instruction_sets.VARIABLE, raising=False)
    if most is not None:
        monkeypatch.setenv(instruction_sets.VARIABLE, most)
    assert instruction_sets.chosen() == expected


def test_operations_of_two_sets_are_two_operations(monkeypatch):
    plain = DualMM(), HalfStep(0)
    monkeypatch.setenv(instruction_sets.VARIABLE, "baseline")
    other = DualMM(), HalfStep(0)
    assert all("-DCRF_LANES=4" in one.c_compile_args() for one in other)
    for first, second in zip(plain, other):
        assert (first == second) == (first.instructions == "baseline")
