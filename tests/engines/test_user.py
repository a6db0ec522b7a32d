"""The ordinary user of these tests: nothing of it is left."""

import pwd
import subprocess

import pytest

from tests.engines.user import User, processes_of, user_ids

NAME = "engines-visitor"


def test_no_process_of_the_user_is_left(work, note):
    user = User(work / "visitor", NAME)
    ids = user_ids(NAME)
    started = [user.start("sleep", "1000", folder=work)]
    if len(ids) > 1:  # as in a container of the user's
        started.append(subprocess.Popen(["setpriv", "--reuid", str(ids[1].start), "--clear-groups", "sleep", "1000"],
                                        start_new_session=True))
    user.run("sh", "-c", "sleep 1000 >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 &", folder=work)
    while len(processes_of(ids)) < len(started) + 2:
        assert all(process.poll() is None for process in started)
    user.remove()
    assert processes_of(ids) == [] and not user.home.exists()
    assert all(process.wait(5) == -9 for process in started)
    with pytest.raises(KeyError):
        pwd.getpwnam(NAME)
    note(f"a user with {len(started) + 2} processes is removed with all of them")


def test_a_user_that_cannot_be_used_is_removed(work, note):
    closed = work / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(subprocess.CalledProcessError):
        User(closed / "home", NAME)
    with pytest.raises(KeyError):
        pwd.getpwnam(NAME)
    assert list(closed.iterdir()) == []
    note("a user whose home cannot be entered is removed")
