"""The pages hold: targets, variables, modules and links are there, the Python and what takes seconds runs."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

REPOSITORY = Path(__file__).parent.parent
PAGES = {path.relative_to(REPOSITORY).as_posix(): path.read_text()
         for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"))}
README = PAGES["README.md"]
MAKEFILE = (REPOSITORY / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):.*## ", MAKEFILE, re.M))
LONGEST_README = 110  # lines


def code(page):
    """Commands of a page: of its blocks, fenced or indented, and of its inline code."""
    fenced, rest = re.findall(r"```\w*\n(.*?)```", page, re.S), re.sub(r"```.*?```", "", page, flags=re.S)
    return [*fenced, *re.findall(r"^    (.*)$", rest, re.M), *re.findall(r"`([^`\n]+)`", rest)]


def make_words(page):
    """Words after `make` in the commands of a page."""
    return [word for command in code(page) for line in command.splitlines()
            for words in re.findall(r"(?:^|\s)make((?: [^\s#]+)+)", line.split("#")[0]) for word in words.split()]


def listed(pattern):
    return {name for names in re.findall(pattern, MAKEFILE, re.M) for name in names.split(", ")}


VARIABLES = listed(r"^## ([A-Z][A-Z0-9_]*(?:, [A-Z]+)*) ")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_targets_and_variables_are_in_the_makefile(name):
    words = [word for word in make_words(PAGES[name]) if name != "CHANGELOG.md"]
    assert {word for word in words if re.fullmatch(r"[a-z][a-z0-9-]*", word)} <= TARGETS
    assert {word.partition("=")[0] for word in words if "=" in word} <= VARIABLES


def test_every_target_and_variable_is_explained():
    page = PAGES["docs/commands.md"]
    assert TARGETS == {word for word in make_words(page) if re.fullmatch(r"[a-z][a-z0-9-]*", word)}
    assert VARIABLES <= set(re.findall(r"`([A-Z][A-Z0-9_]*)[`=]", page))


MODULES = sorted({module for page in PAGES.values() for command in code(page)
                  for module in re.findall(r"python3 -m ([\w.]+)", command)} - {"pytest"})


def test_modules_can_be_found():
    assert MODULES
    for page in PAGES.values():
        for module in re.findall(r"`((?:experiments|benchmarks|data_prep|tests)\.[\w.]+)`", page):
            assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_commands(module):
    if module == "experiments.check_environment":  # has no options
        words = []
    else:
        words = ["--help"]
    done = subprocess.run([sys.executable, "-m", module, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("words", [[], ["help"]])
def test_make_lists_what_there_is(words):
    listing = subprocess.run(["make", *words], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert all(re.search(rf"^  {target} ", listing, re.M) for target in TARGETS)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_to_files(name):
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGES[name]) if "://" not in link]
    assert all(((REPOSITORY / name).parent / link).exists() for link in links)


def test_every_page_is_linked_from_the_readme():
    for name in PAGES:
        assert name == "README.md" or f"]({name})" in README, name


def test_the_readme_stays_short():
    assert len(README.splitlines()) <= LONGEST_README


def test_it_can_be_cited():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert [author["family-names"] for author in citation["preferred-citation"]["authors"]] == [
        "Colovic", "Knöbelreiter", "Shekhovtsov", "Pock"]


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.S))
def test_the_python_runs(block):
    generator = np.random.default_rng(0)
    names = {"image": generator.random((1, 3, 8, 9)),
             "probabilities": generator.dirichlet(np.ones(4), (1, 8, 9)).transpose(0, 3, 1, 2),
             "truth": generator.integers(0, 4, (1, 8, 9))}
    exec(compile(block, "README.md", "exec"), names)
    assert names["solution"].labels.shape == (1, 8, 9)
    assert (names["solution"].lower_bound <= names["solution"].energy + 1e-6).all()
    assert names["result"].grad_unary.shape == (1, 4, 8, 9)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_tests_that_are_named_are_there(name):
    for path, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGES[name]):
        assert f"def {test}" in (REPOSITORY / path).read_text() if test else (REPOSITORY / path).exists(), (path, test)
