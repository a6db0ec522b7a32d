"""The number of processes that a command starts by itself, and the launcher that it turns into."""

import os
import sys
import types

import pytest

from experiments.runtime import several_processes
from experiments.runtime.several_processes import Work, default_processes, start_processes


@pytest.mark.parametrize("work, numbers", [
    (Work(3), [1, 2, 3, 3, 3]), (Work(0), [1] * 5), (Work(4, evenly=True), [1, 2, 2, 4, 4]),
    (Work(6, evenly=True), [1, 2, 3, 3, 3]), (Work(5, evenly=True), [1, 1, 1, 1, 5])])
def test_work_is_shared_by_as_many_as_have_some(work, numbers):
    assert [work.processes(limit) for limit in range(1, 6)] == numbers


def test_a_number_that_does_not_divide_the_images_is_refused():
    Work(5).check(3)
    Work(6, evenly=True).check(3)
    with pytest.raises(ValueError, match="4 processes cannot share the 6 images .* NP=1 or 2 or 3 or 6"):
        Work(6, evenly=True).check(4)


@pytest.mark.parametrize("variables, number", [
    ({}, 3), ({"OMP_NUM_THREADS": "2"}, 2), ({"OMP_NUM_THREADS": "9"}, 3), ({"OMP_NUM_THREADS": "many"}, 3),
    ({"OMP_NUM_THREADS": "2,4"}, 2),
    ({"DEVICE": "cuda"}, 1), ({"DEVICE": "cuda", "GPU": "none"}, 3)])
def test_there_is_one_process_per_core_that_may_be_used_but_one_on_a_gpu(monkeypatch, variables, number):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5})
    assert default_processes(variables) == number


class Started(Exception):
    """This process would be another one from now on."""


def started(monkeypatch, work, **variables):
    """Return the words after `-m` of the command that takes this process's place; None where none does."""
    def execute(path, words, environment):
        assert path == sys.executable and words[:2] == [sys.executable, "-m"] and environment is variables
        raise Started(words[2:])

    monkeypatch.setattr(os, "execve", execute)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3})
    monkeypatch.setattr(sys, "argv", ["train.py", "--stage", "3"])
    monkeypatch.setitem(sys.modules, "__main__",
                        types.SimpleNamespace(__spec__=types.SimpleNamespace(name="experiments.train")))
    try:
        start_processes(lambda: work, variables)
    except Started as words:
        return " ".join(words.args[0])


@pytest.mark.parametrize("variables, words", [
    ({}, "--processes 4"), ({"NP": "2"}, "--processes 2"), ({"NP": "8"}, "--processes 8"), ({"NP": "1"}, None),
    ({"OMP_NUM_THREADS": "1"}, None), ({"OMPI_COMM_WORLD_SIZE": "2"}, None),
    ({"MPI_ARGS": "-x A -v"}, "--processes 4 --mpirun=-x A -v"), ({"HOSTS": "a:2,b:2"}, "--hosts a:2,b:2"),
    ({"HOSTS": "a:2,b:2", "NP": "3"}, "--hosts a:2,b:2 --processes 3"), ({"HOSTS": "", "NP": ""}, "--processes 4")])
def test_a_command_turns_into_the_launcher_of_its_processes(monkeypatch, variables, words):
    expected = None if words is None else f"experiments.parallel {words} experiments.train --stage 3"
    assert started(monkeypatch, Work(8, evenly=True), **variables) == expected


def test_there_are_no_more_processes_than_images(monkeypatch):
    assert "--processes 3 " in started(monkeypatch, Work(3))
    assert "--processes 3 " in started(monkeypatch, Work(3), NP="7")
    assert started(monkeypatch, Work(1)) is None


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_processes_is_one_sentence(monkeypatch, number):
    with pytest.raises(ValueError, match=f"NP is '{number}'; it must be a number"):
        started(monkeypatch, Work(3), NP=number)
    with pytest.raises(ValueError, match="must be a number"):
        several_processes.number_of_processes(number)
