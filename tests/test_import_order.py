"""The order of imports: lower rooms know nothing of higher ones, commands are no libraries, there are no circles.

The rules are checked on the syntax tree, imports within functions included, and each rule is seen to fail on a small
tree made for it.
"""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
# Lowest first; rooms of one line know nothing of each other.
ROOMS = (("theano_crf", "data_prep"), ("prototxt", "python_layers"), ("experiments",), ("benchmarks",))
WITHIN_EXPERIMENTS = (("mpi",), ("runtime",), ("settings",), ("scoring",), ("nets",), ("training", "prediction"),
                      ("search", "studies"), ("reporting",))
# Rooms that may know only some of the rooms below them.
ONLY = {"prototxt": {"data_prep"}, "python_layers": {"theano_crf", "data_prep"}}
FOREIGN = {"theano_crf": {"caffe"}}


def modules(root):
    """Return {dotted name: path} of the modules of all rooms; a package has the name of its folder."""
    names = {}
    for room in (name for line in ROOMS for name in line):
        for path in sorted((root / room).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(name, path, known):
    """Yield (line, dotted name of the imported module or package) of a module, inside functions too."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[:len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield node.lineno, inner if inner in known else source


def rank(lines, room):
    return next((place for place, line in enumerate(lines) if room in line), None)


def is_command(name, path):
    return re.search(r'^if __name__ == "__main__":$', path.read_text(), re.M) and name.count(".") == 1 \
        and name.split(".")[0] in ("experiments", "benchmarks")


def rule_broken(importer, imported, commands):
    """Return the rule that an import breaks, None where it breaks none."""
    room, other = importer.split(".")[0], imported.split(".")[0]
    if other == "tests":
        return "nothing but tests imports tests"
    if other in FOREIGN.get(room, ()):
        return f"{room} knows nothing of {other}"
    if imported in commands:
        return "commands are not libraries"
    if rank(ROOMS, other) is None:
        return None
    if room != other:
        if rank(ROOMS, other) >= rank(ROOMS, room) or other not in ONLY.get(room, {other}):
            return f"{room} knows nothing of {other}"
        return None
    if room != "experiments" or importer in commands:
        return None
    inner, other_inner = importer.split(".")[1], imported.split(".")[1:2]
    if other_inner and inner != other_inner[0]:
        lower, higher = rank(WITHIN_EXPERIMENTS, other_inner[0]), rank(WITHIN_EXPERIMENTS, inner)
        if lower is None or higher is None or lower >= higher:
            return f"experiments.{inner} knows nothing of experiments.{other_inner[0]}"
    return None


def violations(root):
    """Return a sentence per import that breaks a rule, and one per circle."""
    known = modules(root)
    commands = {name for name, path in known.items() if is_command(name, path)}
    sentences, graph = [], {}
    for name, path in known.items():
        for line, imported in imports(name, path, known):
            broken = rule_broken(name, imported, commands)
            if broken:
                sentences.append(f"{path.relative_to(root)}:{line} imports {imported}: {broken}")
            if imported in known and known[imported].name != "__init__.py":
                graph.setdefault(name, set()).add(imported)
    return sentences + [f"imports go in a circle: {' -> '.join(circle)}" for circle in circles(graph)]


def circles(graph):
    """Return the circles of a graph {node: nodes} that a walk in depth meets."""
    met, done = [], set()

    def walk(node, trail):
        if node in trail:
            met.append([*trail[trail.index(node):], node])
        elif node not in done:
            for other in sorted(graph.get(node, ())):
                walk(other, [*trail, node])
            done.add(node)
    for node in sorted(graph):
        walk(node, [])
    return met


def test_every_import_keeps_the_order():
    assert violations(REPOSITORY) == []


def make_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


COMMAND = 'def main():\n    pass\n\n\nif __name__ == "__main__":\n    main()\n'
TREE = {"theano_crf/graph.py": "import numpy",
        "theano_crf/functions.py": "from . import graph\nfrom .graph import dual_mm",
        "data_prep/records.py": "import lmdb", "prototxt/nets.py": "from data_prep.records import open_records",
        "python_layers/crf.py": "import theano_crf", "experiments/mpi/processes.py": "import mpi4py",
        "experiments/runtime/command_line.py": "from experiments.mpi.processes import communicator",
        "experiments/scoring/metrics.py": "import numpy", "experiments/training/stage_run.py": "import caffe",
        "experiments/train.py": "from experiments.training import stage_run\n" + COMMAND,
        "benchmarks/crf.py": "from experiments.scoring.metrics import scores\n" + COMMAND}


def test_a_tree_in_order_has_no_violation(tmp_path):
    assert violations(make_tree(tmp_path, TREE)) == []


@pytest.mark.parametrize("file, line, words", [
    ("experiments/scoring/metrics.py",
     "def scores():\n    from experiments.training import stage_run\n    return stage_run",
     "experiments/scoring/metrics.py:2 imports experiments.training.stage_run: "
     "experiments.scoring knows nothing of experiments.training"),
    ("experiments/runtime/files.py", "from experiments.scoring.metrics import scores",
     "experiments.runtime knows nothing of experiments.scoring"),
    ("experiments/training/other.py", "import experiments.prediction.photographs",
     "experiments.training knows nothing of experiments.prediction"),
    ("experiments/training/other.py", "from experiments.train import main", "commands are not libraries"),
    ("experiments/training/other.py", "from experiments import train", "commands are not libraries"),
    ("experiments/other.py", "from benchmarks.measuring import timing", "experiments knows nothing of benchmarks"),
    ("benchmarks/gpu.py", "from benchmarks.crf import main", "commands are not libraries"),
    ("data_prep/pairs.py", "from experiments.mpi import processes", "data_prep knows nothing of experiments"),
    ("data_prep/pairs.py", "from python_layers import order", "data_prep knows nothing of python_layers"),
    ("theano_crf/ops.py", "import data_prep.records", "theano_crf knows nothing of data_prep"),
    ("theano_crf/ops.py", "import caffe", "theano_crf knows nothing of caffe"),
    ("prototxt/fcn.py", "import theano_crf", "prototxt knows nothing of theano_crf"),
    ("python_layers/data.py", "from prototxt import nets", "python_layers knows nothing of prototxt"),
    ("data_prep/pairs.py", "from tests.conftest import random_pair", "nothing but tests imports tests"),
    ("theano_crf/graph.py", "from .functions import dual_mm",
     "imports go in a circle: theano_crf.functions -> theano_crf.graph -> theano_crf.functions"),
])
def test_each_rule_is_seen_to_fail(tmp_path, file, line, words):
    sentences = violations(make_tree(tmp_path, {**TREE, file: line}))
    assert len(sentences) == 1 and words in sentences[0]


PACKAGES = sorted({path.parent for room in (name for line in ROOMS for name in line)
                   for path in (REPOSITORY / room).rglob("*.py")})


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.relative_to(REPOSITORY).as_posix())
def test_every_package_says_what_it_is(folder):
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
