"""The archive for machines without containers: when it is made, and how its `run` finds what a machine has.

test_bundle_runs.py tests it on a real machine.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docker.fakes import REPOSITORY, check_sentence

CUDA = ["libcudart.so.13 nvidia-cuda-runtime==13.0.96", "libcudnn.so.9 nvidia-cudnn-cu13==9.13.0.50",
        "libnvrtc.so.13 nvidia-cuda-nvrtc==13.0.88"]
TOOLS = "awk bash cat chmod cut dirname grep ln mkdir mktemp mv paste readlink rm sha256sum sort tail touch tr".split()


class Unpacked:
    """An unpacked archive whose programs are fakes, on a machine that has what the test puts there."""

    def __init__(self, folder):
        self.folder, self.here, self._bin = folder, folder / "the bundle", folder / "bin"
        for name in ("share", "lib/compiler", "bin"):
            (self.here / name).mkdir(parents=True)
        self._bin.mkdir()
        for tool in TOOLS:
            (self._bin / tool).symlink_to(shutil.which(tool))
        shutil.copy(REPOSITORY / "docker" / "bundling" / "run", self.here)
        (self.here / "share" / "glibc").write_text("2.30\n")
        (self.here / "share" / "cuda-libraries").write_text("\n".join(CUDA) + "\n")
        (self.here / "lib" / "compiler" / "libstdc++.so.6").write_text("GLIBCXX_3.4.9 GLIBCXX_3.4.28 GLIBCXX_TUNABLES")
        self.add("getconf", "echo glibc 2.36")
        self.add("ldconfig", f'cat "{folder}/loader" 2>/dev/null')
        self.add("show", 'for name; do eval "echo \\"$name=\\$$name\\""; done')

    def add(self, name, body):
        path = self._bin / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def add_libraries(self, folder, *names):
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_text("library")

    def add_cuda(self):
        """All of CUDA and the driver, in CUDA's usual layout; returns the folder for CUDA_HOME."""
        self.add_libraries(self.folder / "cuda" / "lib64", "libcuda.so.1", *[line.split()[0] for line in CUDA])
        return self.folder / "cuda"

    def loader_finds(self, **libraries):
        (self.folder / "loader").write_text("".join(
            f"\t{name} (libc6,x86-64) => {path}\n\t{name} (libc6) => /lib32/{name}\n"
            for name, path in libraries.items()))

    def run(self, *command, **variables):
        environment = {"PATH": str(self._bin), "HOME": str(self.folder / "home"),
                       **{name: str(value) for name, value in variables.items()}}
        return subprocess.run([str(self.here / "run"), *command], cwd=self.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def variables(self, *names, **variables):
        """Return the values that a command sees of these variables."""
        done = self.run("show", *names, **variables)
        assert done.returncode == 0, done.stderr
        return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.fixture
def unpacked(tmp_path):
    return Unpacked(tmp_path)


def links(variables):
    """The first folder that the loader looks in, as {name: file}."""
    folder = Path(variables["LD_LIBRARY_PATH"].split(":")[0])
    return {path.name: os.readlink(path) for path in folder.iterdir()}


def test_libraries_get_the_names_that_libgpuarray_opens(unpacked):
    cuda = unpacked.add_cuda() / "lib64"
    variables = unpacked.variables("LD_LIBRARY_PATH", CUDA_HOME=unpacked.folder / "cuda")
    linked = links(variables)
    for name in ("libcuda.so", "libcuda.so.1", "libcudart.so.13", "libnvrtc.so", "libcudnn.so.9"):
        assert linked[name] == str(cuda / f"{name}{'.1' * (name == 'libcuda.so')}{'.13' * (name == 'libnvrtc.so')}")
    # cuDNN and NVRTC load others from beside them
    assert variables["LD_LIBRARY_PATH"].split(":")[1:] == [f"{unpacked.here}/lib", str(cuda)]


def test_libraries_are_found_in_python_packages_in_the_loaders_folders_and_in_the_path(unpacked):
    packages, other = unpacked.folder / "site packages", unpacked.folder / "other"
    unpacked.add("python3", f'echo; echo "{packages}"')
    unpacked.add_libraries(packages / "nvidia" / "cu13" / "lib", "libcudart.so.13", "libnvrtc.so.13")
    unpacked.add_libraries(other, "libcudnn.so.9")
    unpacked.add_libraries(unpacked.folder / "system", "libcuda.so.1")
    unpacked.loader_finds(**{"libcuda.so.1": unpacked.folder / "system" / "libcuda.so.1"})
    variables = unpacked.variables("LD_LIBRARY_PATH", LD_LIBRARY_PATH=other)
    assert {name: Path(path).parent for name, path in links(variables).items() if name.endswith(".so")} == {
        "libcudart.so": packages / "nvidia" / "cu13" / "lib", "libnvrtc.so": packages / "nvidia" / "cu13" / "lib",
        "libcudnn.so": other, "libcuda.so": unpacked.folder / "system"}
    assert str(unpacked.folder / "system") not in variables["LD_LIBRARY_PATH"].split(":")


def test_missing_libraries_are_named_with_what_holds_them(unpacked):
    unpacked.add_libraries(unpacked.folder / "cuda" / "lib64", "libcudart.so.13")
    check_sentence(unpacked.run("true", CUDA_HOME=unpacked.folder / "cuda"), "libcudnn.so.9 libnvrtc.so.13 not found",
                   "CUDA_HOME", "pip install nvidia-cuda-nvrtc==13.0.88 nvidia-cudnn-cu13==9.13.0.50")


def test_without_a_driver_it_runs_only_when_told_to_use_no_gpu(unpacked):
    (unpacked.add_cuda() / "lib64" / "libcuda.so.1").unlink()
    check_sentence(unpacked.run("true", CUDA_HOME=unpacked.folder / "cuda"), "driver", "GPU=none")
    variables = unpacked.variables("DEVICE", "THEANO_FLAGS", CUDA_HOME=unpacked.folder / "cuda", GPU="none")
    assert variables["DEVICE"] == "cuda" and "device" not in variables["THEANO_FLAGS"]


def test_caffe_and_theano_take_the_same_gpu(unpacked):
    home = unpacked.add_cuda()
    variables = unpacked.variables("DEVICE", "GPU", "THEANO_FLAGS", CUDA_HOME=home, GPU="1",
                                   THEANO_FLAGS="mode=FAST_RUN")
    assert (variables["DEVICE"], variables["GPU"]) == ("cuda", "1")
    assert variables["THEANO_FLAGS"].endswith("/theano,device=cuda1,dnn.enabled=False,mode=FAST_RUN")
    check_sentence(unpacked.run("true", CUDA_HOME=home, GPU="first"), "'first'", "none")


def test_without_cuda_nothing_of_the_machine_is_asked_for(unpacked):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    variables = unpacked.variables("DEVICE", "PYTHONHOME", "PYTHONPATH", "OPAL_PREFIX", PYTHONPATH="/another/python")
    assert variables == {"DEVICE": "", "PYTHONHOME": str(unpacked.here), "PYTHONPATH": "",
                         "OPAL_PREFIX": str(unpacked.here)}


@pytest.mark.parametrize("version, newest", [("3.4.30", "machine"), ("3.4.28", "machine"), ("3.4.9", "bundle")])
def test_the_newest_compiler_library_serves_both(unpacked, version, newest):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    library = unpacked.folder / "libstdc++.so.6"
    library.write_text(f"GLIBCXX_3.4.1 GLIBCXX_{version}")
    unpacked.loader_finds(**{"libstdc++.so.6": library})
    own = unpacked.here / "lib" / "compiler" / "libstdc++.so.6"
    assert links(unpacked.variables("LD_LIBRARY_PATH")) == {
        "libstdc++.so.6": str(library if newest == "machine" else own)}


def test_the_compiler_runs_with_its_own_libraries(unpacked):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    compiler = unpacked.here / "compiler"
    compiler.mkdir()
    shutil.copy(REPOSITORY / "docker" / "bundling" / "g++", compiler)
    unpacked.add("g++", 'echo "$LD_LIBRARY_PATH $*"')
    done = unpacked.run("g++", "-c", "x.cpp", LD_LIBRARY_PATH="/opt/gcc/lib64")
    assert done.stdout == "/opt/gcc/lib64 -c x.cpp\n"
    variables = unpacked.variables("CPATH", "LIBRARY_PATH", CPATH="/opt/include")
    assert variables == {"CPATH": f"{unpacked.here}/include:/opt/include", "LIBRARY_PATH": f"{unpacked.here}/lib"}


def test_without_a_compiler_it_says_what_does_not_work(unpacked):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    done = unpacked.run("show", "CPATH")
    assert done.returncode == 0 and "install it" in done.stderr.splitlines()[-1] and done.stdout == "CPATH=\n"


def test_an_old_c_library(unpacked):
    unpacked.add("getconf", "echo glibc 2.28")
    check_sentence(unpacked.run("show"), "2.28", "glibc 2.30 or later")
    unpacked.add("getconf", "exit 1")
    check_sentence(unpacked.run("show"), "not glibc")


def test_a_cache_that_cannot_be_written(unpacked):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    (unpacked.folder / "file").touch()
    done = unpacked.run("show", XDG_CACHE_HOME=unpacked.folder / "file")
    check_sentence(done, "XDG_CACHE_HOME")


def test_commands_in_the_repository_run_as_docker_run_runs_them(unpacked):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    for name in ("docker", "theano_crf"):
        (unpacked.folder / name).mkdir()
    docker_run = unpacked.folder / "docker" / "run"
    docker_run.write_text('#!/bin/sh\necho "docker/run $* $THEANO_FLAGS"\n')
    docker_run.chmod(0o755)
    assert unpacked.run("python3", "-m", "x").stdout == "docker/run python3 -m x \n"
    assert unpacked.run("docker/run", "orted").stdout == "docker/run orted \n"
    unpacked.add("make", 'echo "make $* $THEANO_FLAGS"')
    assert unpacked.run("make", "test").stdout == "make test \n"


def test_it_can_be_called_again_from_within(unpacked):
    (unpacked.here / "share" / "cuda-libraries").write_text("")
    done = unpacked.run(str(unpacked.here / "run"), "show", "LD_LIBRARY_PATH")
    assert done.stdout.count(f"{unpacked.here}/lib") == 1


def test_the_archive_is_made_once_in_the_cuda_image_without_a_gpu(machine):
    machine.add_engine("docker", pull="true", run='for word; do case $word in build/*.tar.xz) '
                       'mkdir -p "${word%/*}"; touch "$word";; esac; done')
    for _ in range(2):
        done = machine.run(machine.repository / "docker" / "bundle")
        assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout.splitlines()[-1]
    licence, call = machine.calls("docker", "run")
    assert licence[-2:] == ["cat", "/usr/share/doc/libcaffe1/copyright"] and "hybrid-cnn-crf:cpu" in " ".join(licence)
    assert call[-4:] == ["python3", "docker/bundling/pack.py", "build/bundle/hybrid-cnn-crf-cuda.tar.xz",
                         "build/bundle/caffes-licence"]
    assert "--gpus" not in call and "GPU=none" in call
    with open(machine.repository / "docker" / "bundling" / "run", "a") as starter:
        starter.write("# changed\n")
    machine.run(machine.repository / "docker" / "bundle")
    assert len(machine.calls("docker", "run")) == 4
