"""Security: foreign text is not run, foreign objects are not loaded, nothing is unpacked or downloaded unchecked."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
FOLDERS = ("data_prep", "experiments", "prototxt", "python_layers", "theano_crf")
SOURCES = [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))]
# Calls by what stands before the bracket: what they let in.
FORBIDDEN = {
    "eval": "runs text", "exec": "runs text", "compile": "runs text", "__import__": "imports what a text names",
    "os.system": "runs text", "os.popen": "runs text",
    "yaml.load": "makes objects of any kind: yaml.safe_load", "yaml.full_load": "makes objects",
    "yaml.unsafe_load": "makes objects of any kind",
    "extractall": "writes outside the folder where a name says so", "unpack_archive": "as extractall",
    "urlretrieve": "does not check what came: data_prep.download does", "mktemp": "another may make it first",
}
MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib"}  # whatever they read may run code
DOWNLOADS = {"data_prep/download.py"}  # which compares size and digests
# Objects that one run's processes send each other; and a file in Theano's own format, which is written, not read.
OWN_OBJECTS = {"experiments/mpi/processes.py", "theano_crf/compilation.py"}


def calls(tree):
    """(line, dotted name, names of keyword arguments that are true or false) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, function = [], node.func
            while isinstance(function, ast.Attribute):
                name.append(function.attr)
                function = function.value
            name.append(getattr(function, "id", "?"))
            yield node.lineno, ".".join(reversed(name)), {word.arg: getattr(word.value, "value", None)
                                                          for word in node.keywords}


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def faults(text, path="some.py"):
    """One line for each thing that must not be there."""
    tree = ast.parse(text)
    for line, name in imports(tree):
        if name.split(".")[0] in MODULES and path not in OWN_OBJECTS:
            yield f"{path}:{line} imports {name}"
        if name.startswith(("urllib.request", "requests", "ftplib")) and path not in DOWNLOADS:
            yield f"{path}:{line} downloads past data_prep.download"
    for line, name, keywords in calls(tree):
        for forbidden, reason in FORBIDDEN.items():
            if name == forbidden or forbidden not in ("eval", "exec", "compile") and name.endswith("." + forbidden):
                yield f"{path}:{line} calls {name}: {reason}"
        if keywords.get("shell"):
            yield f"{path}:{line} calls {name} with a shell"
        if keywords.get("allow_pickle", False) is not False:  # NumPy's own default is False
            yield f"{path}:{line} calls {name} with allow_pickle"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_source_lets_foreign_code_in(path):
    assert list(faults(path.read_text(), str(path.relative_to(REPOSITORY)))) == []


@pytest.mark.parametrize("text", [
    "eval('1')", "exec(text)", "import pickle", "from pickle import loads",
    "np.load(path, allow_pickle=True)", "yaml.load(text)", "tarfile.open(path).extractall()", "os.system('ls')",
    "subprocess.run('ls', shell=True)", "import urllib.request", "shutil.unpack_archive(path)", "__import__(name)",
])
def test_each_of_them_is_found(text):
    assert list(faults(text))


def test_what_is_allowed_is_passed():
    text = "import yaml\nyaml.safe_load(t)\nnp.load(p)\nre.compile('a')\nsubprocess.run(['ls'])"
    assert list(faults(text)) == []


def test_only_folders_of_the_repository_are_mounted_for_writing_and_containers_get_no_rights():
    """build/ and those that WRITABLE names; root may use another user's files. See tests/docker/test_run.py, too."""
    text = (REPOSITORY / "docker" / "run").read_text()
    assert "--privileged" not in text and re.findall(r"--cap-add (\w+)", text) == ["DAC_OVERRIDE"]
    for restriction in ("--read-only ", "--cap-drop ALL ", "--security-opt no-new-privileges"):
        assert restriction in text
    assert re.findall(r'"rw:(.*)"\)', text) == ['$(readlink -f -- "$repository/$folder")']
    assert "for folder in build ${WRITABLE:-}; do" in text
