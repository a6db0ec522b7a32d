"""Names of machines and their numbers of processes."""

import pytest

from experiments.mpi.hosts import parse_hosts


def test_a_machine_has_one_process_unless_it_says_more():
    assert parse_hosts("a:2, b,c.example-1:10") == {"a": 2, "b": 1, "c.example-1": 10}


@pytest.mark.parametrize("text", ["", "a:0", "a:2,,b", "a,a", "a:b", "a b", "-a:1:2"])
def test_other_forms_are_refused(text):
    with pytest.raises(ValueError, match="HOSTS is '.*'; it must name each machine once"):
        parse_hosts(text)
