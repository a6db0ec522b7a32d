"""A machine whose container engines are fakes: executables on a PATH of their own that write down each call."""

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = ("awk basename bash cat chmod cut dirname echo env find flock getconf grep ln make mkdir readlink rm sed sh "
         "sha256sum sleep sort tail timeout touch").split()
# Words end with ASCII's unit separator, calls with its record separator.
EXECUTABLE = """#!/bin/sh
printf '%s' '{name}' >> '{calls}'
for word; do printf '\\037%s' "$word" >> '{calls}'; done
printf '\\036' >> '{calls}'
images='{images}'
{body}
"""
USER = """case $1 in
    -un) echo {name};;
    *) echo {number};;
esac"""
# An engine knows the images listed in the file $images; building, pulling and importing add to it.
ENGINE = """case "$1 $2" in
    "info "*) echo "[{security}]";;
    "image inspect") grep -qx "$3" "$images";;
    "inspect --type") for image; do :; done; grep -qx "$image" "$images" && echo 0123456789abcdef;;
    "pull "*) {pull} && echo "$2" >> "$images";;
    "import "*) echo "$3" >> "$images";;
    "commit "*) for image; do :; done; echo "$image" >> "$images";;
    "from scratch") echo scratch-container;;
    "mount "*) echo /container;;
    "build "* | "bud "*) {build} && while [ $# -gt 0 ]; do [ "$1" != --tag ] || echo "$2" >> "$images"; shift; done;;
    "run "*) {run};;
esac"""


class Machine:
    """The repository's front door in a folder of its own, and what is installed around it.

    Parameters
    ----------
    folder : pathlib.Path
        Empty; `repository`, `bin` and what the fakes write are made in it.
    """

    def __init__(self, folder):
        self.repository = folder / "repository"
        self._bin = folder / "bin"
        self._calls = folder / "calls"
        self._images = folder / "images"
        self._calls.touch()
        self._images.touch()
        self._bin.mkdir()
        for tool in TOOLS:
            (self._bin / tool).symlink_to(shutil.which(tool))
        self.become(1000, "someone")
        shutil.copytree(REPOSITORY / "docker", self.repository / "docker")

    def add(self, name, body="exit 0"):
        """Install an executable: a shell script of `body`."""
        path = self._bin / name
        path.write_text(EXECUTABLE.format(name=name, calls=self._calls, images=self._images, body=body))
        path.chmod(0o755)

    def add_engine(self, name, security="name=seccomp", pull="false", build="true", run="true"):
        """Install a fake docker, podman or buildah; `pull`, `build` and `run` are shell code for these commands."""
        self.add(name, ENGINE.format(security=security, pull=pull, build=build, run=run))

    def become(self, number, name):
        """Let user `name` with the id `number` run everything."""
        self.add("id", USER.format(number=number, name=name))

    def run(self, *command, folder=None, **variables):
        """Run a command in the repository or `folder`; returns the finished process, its output as text."""
        environment = {"PATH": str(self._bin), **{name: str(value) for name, value in variables.items()}}
        return subprocess.run([str(word) for word in command], cwd=folder or self.repository, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=600)

    def docker_run(self, *command, **options):
        """Call docker/run."""
        return self.run(self.repository / "docker" / "run", *command, **options)

    def docker_build(self, **variables):
        """Call docker/build."""
        return self.run(self.repository / "docker" / "build", **variables)

    def calls(self, *beginning):
        """Return the calls that begin with these words, each a list of words."""
        calls = [call.split("\x1f") for call in self._calls.read_text().split("\x1e")[:-1]]
        return [words for words in calls if words[:len(beginning)] == list(beginning)]

    def images(self):
        """Return the names of all images."""
        return self._images.read_text().split()


def values(call, option):
    """Return the words that follow `option` in a call."""
    return [following for word, following in zip(call, call[1:]) if word == option]


def check_sentence(process, *parts):
    """Check that a process failed with one sentence on stderr, and that `parts` are in it."""
    assert process.returncode != 0
    line, = process.stderr.strip().splitlines()
    assert line.startswith("error: ")
    for part in parts:
        assert part in line
