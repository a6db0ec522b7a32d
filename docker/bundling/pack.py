"""Pack the environment that this runs in as an archive that runs elsewhere; docker/bundle calls it in the image.

    python3 docker/bundling/pack.py ARCHIVE CAFFES_LICENCE

Python with its modules, Caffe, Theano, Open MPI and the libraries of all of them, except the C library and CUDA's. The
same environment gives the same archive, to the byte.
"""

import argparse
import io
import lzma
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from data_prep.progress import Progress
from experiments.runtime.command_line import run_command

MOST_BYTES = 64_000_000  # with CUDA; on the CPU Debian's Caffe brings GDAL and more, through OpenCV
HERE = Path(__file__).resolve().parent
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
MODULES = "lib/python3/dist-packages"

# Folder to folder in the archive, where Debian's Python and Open MPI look below their prefix. Of files with the same
# name in the archive the last is taken.
TREES = {
    "/usr/lib/python3.9": "lib/python3.9",
    "/usr/lib/python3/dist-packages": MODULES,
    "/usr/local/lib/python3.9/dist-packages": MODULES,
    "/usr/share/matplotlib/mpl-data": f"{MODULES}/matplotlib/mpl-data",
    "/usr/include/python3.9": "include/python3.9",
    "/usr/include/x86_64-linux-gnu/python3.9": "include/x86_64-linux-gnu/python3.9",
    "/usr/include/gpuarray": "include/gpuarray",
    "/usr/share/openmpi": "share/openmpi",
    "/etc/openmpi": "etc/openmpi",
    f"{LIBRARIES}/openmpi/lib/openmpi3": "lib/openmpi3",
    f"{LIBRARIES}/pmix2/lib/pmix": "lib/pmix",
}
PROGRAMS = ("python3", "caffe", "mpirun", "orted")
# libraries that the machine's compiler links with Theano's modules, by the names without a version that it asks for
LINKED = ("libpython3.9", "libgpuarray", "libblas")

# modules of Python itself that nothing here imports
UNUSED = {"config-3.9-x86_64-linux-gnu", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "tkinter", "turtledemo"}
# modules for a terminal: with their libraries in the archive the machine's shell would load those instead of its own
TERMINAL = re.compile(r"lib/python3\.9/lib-dynload/(readline|_curses|_curses_panel)\.")
# modules for developing and fuzzing, other ways to call what is here, and sample data
UNUSED_MODULES = re.compile(
    r"(IPython|ipython|jedi|parso|prompt_toolkit|pygments|Pygments|traitlets|backcall|pickleshare|pexpect|ptyprocess|"
    r"pip|wheel|Cython|cython|pyximport|setuptools|_distutils_hack|nose|pandas|pytz|networkx|h5py|"
    r"flake8|pyflakes|pycodestyle|mccabe|atheris|asan|ubsan|intel|tbb)([-_.][^/]*)?(/|$)"
    r"|skimage/data/.*\.(png|jpg|jpeg|gif|tif|tiff|npy|npz|txt|mat|fits)$|scipy/misc/.*\.(dat|bz2)$")
TESTS = re.compile(r"(^|/)(tests?|testing/tests)/")
THEANOS_OWN = re.compile(r"theano/tests/(?!test_)\w+\.py$")  # Theano imports some of them
UNUSED_FILES = re.compile(r"(^|/)__pycache__/|\.(a|la|pyx|pxd|pyi|pyc)$")
# Open MPI's plug-ins for networks whose libraries belong to the machine, and for OpenSHMEM
UNUSED_NETWORKS = re.compile(r"mca_\w+_(ofi|psm|psm2|ucx|openib|usnic|portals4)\.so$"
                             r"|mca_(spml|sshmem|memheap|scoll|atomic)_")

# libraries of the compiler, of which the machine may have newer ones: `run` takes the newest
COMPILERS = {"libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1"}
CUDA = Path("/usr/local/cuda/lib")
# libgpuarray opens these while it runs
OPENED = ("libnvrtc.so.13", "libcublas.so.13", "libnccl.so.2")
WHEELS = {"libcudart": "nvidia-cuda-runtime", "libcublas": "nvidia-cublas", "libcublasLt": "nvidia-cublas",
          "libcurand": "nvidia-curand", "libcudnn": "nvidia-cudnn-cu13", "libnccl": "nvidia-nccl-cu13",
          "libnvrtc": "nvidia-cuda-nvrtc"}


def is_wanted(name):
    """Return whether a file of `TREES` goes into the archive, by its name there."""
    if name.startswith(MODULES):
        module = name[len(MODULES) + 1:]
        if UNUSED_MODULES.match(module) or TESTS.search(module) and not THEANOS_OWN.match(module):
            return False
    elif name.startswith("lib/python3.9/"):
        if set(name.split("/")[2:]) & UNUSED or TESTS.search(name) or TERMINAL.match(name):
            return False
    return not UNUSED_FILES.search(name) and not UNUSED_NETWORKS.search(name)


def gather_files():
    """Return all files but the libraries, as {name in the archive: Path}."""
    files = {}
    for source, target in TREES.items():
        for folder, _, names in os.walk(source, followlinks=True):
            for path in (Path(folder) / name for name in names):
                name = f"{target}/{path.relative_to(source)}"
                if is_wanted(name) and path.exists():  # some of Debian's links lead to packages that are not there
                    files[name] = path.resolve()
    for program in PROGRAMS:
        [path] = [path for path in (Path("/usr/local/bin", program), Path("/usr/bin", program)) if path.exists()][:1]
        files[f"bin/{program}"] = path.resolve()
    files["run"], files["README"], files["compiler/g++"] = (HERE / name for name in ("run", "README", "g++"))
    return files


def is_binary(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries_of(binaries):
    """Return the libraries that binaries need besides the C library: {name: Path}, and the set of names of CUDA's."""
    owned = subprocess.run(["dpkg", "--listfiles", "libc6"], check=True, stdout=subprocess.PIPE, text=True).stdout
    c_library = {os.path.realpath(path) for path in owned.split()}
    listed = subprocess.run(["ldd", *map(str, binaries)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True).stdout
    missing = set(re.findall(r"^\t(\S+) => not found", listed, re.M))
    if missing:
        raise ValueError(f"The environment has no {', '.join(sorted(missing))}; build its image again: make docker")
    libraries, cuda = {}, set()
    for name, path in re.findall(r"^\t(\S+) => (/\S+) \(", listed, re.M):
        resolved = Path(os.path.realpath(path))
        if CUDA in Path(path).parents or CUDA in resolved.parents:
            cuda.add(name)
        elif str(resolved) not in c_library:
            libraries[name] = resolved
    return libraries, cuda


def place_libraries(files):
    """Add the libraries that the files need; return the names of CUDA's, which the machine must have."""
    libraries, cuda = libraries_of(sorted({path for path in files.values() if is_binary(path)}))
    modules = set(files.values())
    for name, path in libraries.items():
        if path not in modules:
            files[f"lib/{'compiler/' if name in COMPILERS else ''}{name}"] = path
    for name in LINKED:
        [versioned] = [library for library in libraries if library.startswith(f"{name}.so.")]
        files[f"lib/{name}.so"] = versioned
    return sorted({*cuda, *OPENED}) if cuda else []


def with_wheels(cuda):
    """Return a line per library of CUDA: its name, and the wheel that holds it, as docker/cuda.requirements pins it."""
    pins = re.findall(r"^(nvidia-\S+==\S+)", (HERE.parent / "cuda.requirements").read_text(), re.M)
    return "".join("{} {}\n".format(name, *[pin for pin in pins if pin.startswith(WHEELS[name.split(".")[0]] + "==")])
                   for name in cuda)


def caffe_version():
    """Return Debian's version of Caffe's source."""
    noted = Path("/usr/local/share/caffe-version")  # left by the build from source
    if noted.exists():
        return noted.read_text()
    return subprocess.run(["dpkg-query", "--show", "--showformat=${Version}\n", "libcaffe1"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def licences_of(paths, packages=Path("/var/lib/dpkg/info"), documents=Path("/usr/share")):
    """Return the licences of the Debian packages that files are from, as {name in the archive: Path}.

    Modules from PyPI have theirs beside them, a Caffe built from source has none here. Debian's texts refer to some
    that many packages share.
    """
    owners = {}
    for listed in packages.glob("*.list"):
        owners.update(dict.fromkeys(listed.read_text().splitlines(), listed.stem.split(":")[0]))
    owning = {owners[str(path)] for path in paths if str(path) in owners}
    texts = {package: documents / "doc" / package / "copyright" for package in owning}
    texts.update({path.name: path for path in (documents / "common-licenses").iterdir()})
    return {f"share/licences/{name}": path for name, path in texts.items()}


def newest_c_library(paths):
    """Return the version of glibc that binaries need, as in "2.30"."""
    minors = {minor for path in paths for minor in re.findall(rb"GLIBC_2\.(\d+)", path.read_bytes())}
    return f"2.{max(map(int, minors))}"


def content_of(path, folder):
    """Return a file's bytes; binaries that the image compiled itself are stripped of debugging symbols."""
    if Path("/usr/local") in path.parents and is_binary(path):
        stripped = Path(folder) / "stripped"
        subprocess.run(["strip", "--strip-unneeded", "-o", str(stripped), str(path)], check=True)
        path = stripped
    return path.read_bytes()


def write_archive(files, archive, top):
    """Write the archive, each file below the folder `top`: a Path is read, a str is a link, bytes are the content."""
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 9}]
    # similar files side by side compress better
    order = sorted(files, key=lambda name: (name.endswith(".py"), Path(name).suffix, name))
    megabytes, written = sum(path.stat().st_size for path in files.values() if isinstance(path, Path)) // 10 ** 6, 0
    with lzma.open(archive, "wb", filters=filters) as packed, tarfile.open(fileobj=packed, mode="w|") as tar, \
            tempfile.TemporaryDirectory() as folder, Progress("bundle", 0, megabytes, "megabyte") as progress:
        for name in order:
            entry, source = tarfile.TarInfo(f"{top}/{name}"), files[name]
            entry.mtime = 315532800  # 1980: the least that every tool takes
            if isinstance(source, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, source
                tar.addfile(entry)
            else:
                content = source if isinstance(source, bytes) else content_of(source, folder)
                entry.size = len(content)
                entry.mode = 0o755 if name.startswith("bin/") or name in ("run", "compiler/g++") else 0o644
                tar.addfile(entry, io.BytesIO(content))
                written += len(content)
            while progress.done < written // 10 ** 6:
                progress.advance()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="such as build/bundle/hybrid-cnn-crf-cuda.tar.xz")
    parser.add_argument("caffes_licence", type=Path, help="the file that becomes share/licences/caffe")
    arguments = parser.parse_args(arguments)
    archive = arguments.archive
    files = gather_files()
    cuda = place_libraries(files)
    binaries = [path for path in files.values() if isinstance(path, Path) and is_binary(path)]
    files.update(licences_of(path for path in files.values() if isinstance(path, Path)))
    files.update({
        "share/licences/caffe": arguments.caffes_licence,
        "share/caffe-version": caffe_version().encode(), "share/glibc": f"{newest_c_library(binaries)}\n".encode(),
        "share/cuda-libraries": with_wheels(cuda).encode(),
    })
    archive.parent.mkdir(parents=True, exist_ok=True)
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}")
    try:
        write_archive(files, temporary, archive.name[:-len(".tar.xz")])
        size = temporary.stat().st_size
        if cuda and size >= MOST_BYTES:
            raise ValueError(f"The archive is of {size / 1e6:.1f} MB and must be below {MOST_BYTES / 1e6:.0f}; build "
                             "for fewer GPUs: make bundle GPU_ARCHITECTURES=90")
        os.replace(temporary, archive)
    finally:
        if temporary.exists():
            temporary.unlink()
    print(f"{archive}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    run_command(main)
