"""The layout of the tests: each module with logic has its test under its own name, in the same folder below tests/."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("theano_crf", "data_prep", "prototxt", "python_layers", "experiments", "benchmarks")
# theano_crf has several ways to one result (NumPy, graph, C++, GPU): the test of a subject runs them all.
SUBJECTS = {
    "theano_crf/functions.py": "tests/theano_crf/test_dual_mm.py",
    "theano_crf/graph.py": "tests/theano_crf/test_ssvm.py",
    "theano_crf/ops.py": "tests/theano_crf/test_properties.py",
    "theano_crf/native_op.py": "tests/theano_crf/test_instruction_sets.py",
    "theano_crf/checks.py": "tests/theano_crf/test_bad_input.py",
    **{f"theano_crf/gpu/{module}.py": "tests/theano_crf/test_gpu.py"
       for module in ("completion", "device", "general", "kernels", "labelling", "ops", "optimisations", "problem",
                      "solver")},
    "benchmarks/measuring/gpu_nets.py": "tests/benchmarks/test_gpu.py",
    "benchmarks/measuring/gpu_solver.py": "tests/benchmarks/test_gpu.py",
    "python_layers/batches.py": "tests/python_layers/test_data.py",
}


def modules():
    """Modules with a function, relative to the repository."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name != "__init__.py" and any(isinstance(node, ast.FunctionDef)
                                                  for node in ast.walk(ast.parse(path.read_text()))):
                yield path.relative_to(ROOT)


@pytest.mark.parametrize("module", modules(), ids=str)
def test_each_module_has_its_test(module):
    own = Path("tests") / module.with_name(f"test_{module.stem.strip('_')}.py")
    assert (ROOT / SUBJECTS.get(module.as_posix(), own)).is_file()


def test_no_exception_is_left_over():
    for module in SUBJECTS:
        assert (ROOT / module).is_file()
        assert not (ROOT / "tests" / Path(module).with_name(f"test_{Path(module).stem}.py")).exists()
