"""Snapshots of a stage: weights, solver state and their provenance, written whole or not at all.

A snapshot is three files, snapshot_iter_<n>.caffemodel, .solverstate and .json. The JSON file, its record, is written
last: it has the sizes and digests of the other two and the `Origin` of the run. A snapshot that does not agree with its
record is not restored.
"""

import hashlib
import io
import json
import os
import re
import shutil
from contextlib import ExitStack, contextmanager, suppress

import caffe
from caffe.proto import caffe_pb2
from google.protobuf import text_format

from data_prep.atomic_files import sync_to_disk
from data_prep.digests import file_digest
from experiments.mpi.processes import SingleProcess
from experiments.nets.caffemodel import check_fits
from experiments.runtime.process_setup import gpu_number
from experiments.training.adam import AdamSolver

PREFIX = "snapshot"
WEIGHTS, STATE, RECORD = ".caffemodel", ".solverstate", ".json"
KEPT_SNAPSHOTS = 2
BLOCK = 1 << 22  # bytes


class Snapshots:
    """The snapshots of one stage.

    Parameters
    ----------
    folder : pathlib.Path
        The stage's, such as build/camvid/stage1; made where it is missing. Half-written files are in its subfolder
        .writing, which is removed here, so the run must hold the stage's lock.
    origin : experiments.training.provenance.Origin
        The run's provenance.
    writes : bool
        Whether this process writes and removes files; of several processes one does.

    Attributes
    ----------
    saved : int or None
        Iteration of the snapshot that was written or restored last.
    """

    def __init__(self, folder, origin, writes=True):
        self.folder, self.origin, self.writes = folder, origin, writes
        self.saved = None
        self._writing = folder / ".writing"
        if writes:
            shutil.rmtree(self._writing, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, iteration, suffix=WEIGHTS):
        """Return the path of one of a snapshot's files."""
        return self.folder / f"{PREFIX}_iter_{iteration}{suffix}"

    def iterations(self, last=float("inf")):
        """Return the iterations, up to `last`, of all snapshots with any file, valid or not, the newest first."""
        names = (re.fullmatch(PREFIX + r"_iter_(\d+)", path.stem) for path in self.folder.glob(f"{PREFIX}_iter_*"))
        iterations = {int(name.group(1)) for name in names if name}
        return sorted((iteration for iteration in iterations if iteration <= last), reverse=True)

    def open_solver(self, parameter, net, processes=SingleProcess()):
        """Return Caffe's solver for a SolverParameter and a training net; its snapshots are written by `save` alone.

        `processes`, a `SingleProcess` or `MPIProcesses`, train it together.
        """
        staged = caffe_pb2.SolverParameter()
        staged.CopyFrom(parameter)
        staged.snapshot_prefix = str(self._writing / PREFIX)
        staged.ClearField("train_net")
        staged.train_net_param.CopyFrom(net)
        staged.ClearField("snapshot")  # with it Caffe tries to write at once, and ends the process where it can't
        with memory_file(text_format.MessageToString(staged).encode()) as path:
            solver = caffe.get_solver(path)
        if parameter.type == "Adam" and gpu_number(os.environ) is None:
            return AdamSolver(solver, parameter, net, processes)
        return solver

    def save(self, solver):
        """Write a snapshot of a solver that `open_solver` made; all of its processes must call it.

        Raises
        ------
        OSError
            One sentence, where it cannot be written; earlier snapshots are left as they are.
        """
        iteration = solver.iter
        if isinstance(solver, AdamSolver):
            solver.collect()
        if not self.writes:
            self.saved = iteration
            return
        try:
            with self._temporary_folder():
                self._save(solver)
        except OSError as error:
            kept = self.iterations(iteration - 1)
            raise OSError(f"The snapshot of iteration {iteration} cannot be written to {self.folder} "
                          f"({error.strerror or error}); "
                          + (f"that of iteration {kept[0]} is kept. " if kept else "there is no earlier one. ")
                          + "Make room there, or make it writable, and start the same command again.") from None

    def _save(self, solver):
        iteration = solver.iter
        files = {}
        with ExitStack() as stack:
            for suffix, captured in self._capture(solver, stack).items():
                files[suffix] = _write(self._temporary(suffix), captured)
        record = {"iteration": iteration, **self.origin._asdict(), "files": files}
        _write(self._temporary(RECORD), io.BytesIO(json.dumps(record, indent=1).encode()))
        for suffix in (WEIGHTS, STATE, RECORD):
            os.replace(self._temporary(suffix), self.path(iteration, suffix))
        sync_to_disk(self.folder)
        self.saved = iteration

    def _capture(self, solver, stack):
        """Let Caffe write a snapshot to memory: on a full disk it would end the process, or notice nothing."""
        captured = {}
        for suffix in (WEIGHTS, STATE):
            captured[suffix] = stack.enter_context(os.fdopen(os.memfd_create(suffix), "r+b"))
            link = self._writing / f"{PREFIX}_iter_{solver.iter}{suffix}"
            link.symlink_to(_path_of(captured[suffix]))
            stack.callback(link.unlink)
        if isinstance(solver, AdamSolver):
            solver.save(_path_of(captured[WEIGHTS]), captured[STATE])
        else:
            solver.snapshot()
        captured[STATE].seek(0, os.SEEK_END)
        captured[STATE].write(_learned_net(self.path(solver.iter)))
        return captured

    @contextmanager
    def _temporary_folder(self):
        self._writing.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(self._writing)

    def _temporary(self, suffix):
        return self._writing / f"temporary{suffix}"

    def restore_newest(self, solver):
        """Restore the newest valid snapshot; print each that is passed over, and why.

        Returns
        -------
        int or None
            Its iteration; None where there is no valid one.
        """
        for iteration in self.iterations():
            try:
                self.check(solver.net, iteration)
            except ValueError as error:
                print(f"{self.folder.name}: passed over: {error}", flush=True)
                continue
            content = self.path(iteration, STATE).read_bytes() + _learned_net(self.path(iteration))
            with memory_file(content) as path:
                solver.restore(path)
            self.saved = iteration
            return iteration
        return None

    def check(self, net, iteration):
        """Raise a ValueError, one sentence, unless a snapshot is whole and has the same origin as this run."""
        record = self.read_record(iteration)
        differences = self.origin.difference(record)
        if differences:
            raise ValueError(f"{self.path(iteration, STATE)} {differences}.")
        for suffix in (WEIGHTS, STATE):
            path, wanted = self.path(iteration, suffix), record["files"][suffix]
            if not path.exists():
                raise ValueError(f"{path} is missing.")
            if path.stat().st_size != wanted["bytes"]:
                raise ValueError(f"{path} is truncated: it has {path.stat().st_size} bytes of {wanted['bytes']}.")
            if file_digest(path) != wanted["sha256"]:
                raise ValueError(f"{path} is damaged: its contents are not those that were written.")
        check_fits(net, self.path(iteration))

    def read_record(self, iteration):
        """Return a snapshot's record, a dict; a ValueError, one sentence, if it is missing or damaged."""
        path = self.path(iteration, RECORD)
        try:
            record = json.loads(path.read_text())
            if record["iteration"] != iteration:
                raise ValueError(f"it is of iteration {record['iteration']}")
            for suffix in (WEIGHTS, STATE):
                int(record["files"][suffix]["bytes"]), str(record["files"][suffix]["sha256"])
        except FileNotFoundError:
            raise ValueError(f"{self.path(iteration, STATE)} has no {path.name} beside it that says what it was made "
                             "from.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}).") from None
        return record

    def keep(self, iteration, name):
        """Keep a snapshot's weights under another name too, such as best.caffemodel; return their path."""
        temporary, path = self._writing / name, self.folder / name
        if not self.writes:
            return path
        with self._temporary_folder():
            try:
                os.link(self.path(iteration), temporary)
            except OSError:  # a file system without links
                with open(self.path(iteration), "rb") as weights:
                    _write(temporary, weights)
            os.replace(temporary, path)
        sync_to_disk(self.folder)
        return path

    def remove_old(self, iteration):
        """Remove the snapshots before `iteration` except for the newest few; later ones are of other runs."""
        for old in self.iterations(iteration)[KEPT_SNAPSHOTS:] if self.writes else ():
            for suffix in (RECORD, STATE, WEIGHTS):
                with suppress(FileNotFoundError):
                    self.path(old, suffix).unlink()


@contextmanager
def memory_file(content):
    """Give the path of a file that holds `content` in memory alone, for Caffe to read."""
    with os.fdopen(os.memfd_create("caffe"), "r+b") as file:
        file.write(content)
        file.flush()
        yield _path_of(file)


def _path_of(file):
    return f"/proc/self/fd/{file.fileno()}"


def _learned_net(path):
    """Return the bytes that, appended to a SolverState, name its weights: of a field given twice the last counts."""
    return caffe_pb2.SolverState(learned_net=str(path)).SerializeToString()


def _write(path, source):
    """Copy a file to the disk, past its cache; return its size and digest."""
    digest, size = hashlib.sha256(), 0
    source.seek(0)
    with open(path, "wb") as file:
        for block in iter(lambda: source.read(BLOCK), b""):
            file.write(block)
            digest.update(block)
            size += len(block)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": size, "sha256": digest.hexdigest()}
