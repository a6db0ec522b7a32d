import pytest

from tests.docker.fakes import Machine
from tests.docker.front_door import install


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def built(machine):
    """A machine where Docker has built the image."""
    machine.add_engine("docker", pull="true")
    assert machine.docker_build().returncode == 0
    return machine


@pytest.fixture
def front_door(machine):
    """A machine with the Makefile and configurations, in which steps are noted."""
    install(machine)
    return machine
