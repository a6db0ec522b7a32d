"""A process of its own that prepares batches: Caffe holds Python's lock while it computes, so a thread would wait."""

import multiprocessing
import multiprocessing.util
import os
import signal
import weakref

# This process's ends of the connections to all prefetching processes. Each new process inherits them and closes them:
# as long as one were open in another process, the process at its other end would not end.
_connections = weakref.WeakSet()


def open_connections():
    """Return this process's ends of the connections to its prefetching processes; a closed one ends its process."""
    return [connection for connection in _connections if not connection.closed]


class Prefetcher:
    """Prepares the batch of one iteration while Caffe computes another.

    Parameters
    ----------
    open_source : callable
        Called once in the new process; returns `load(iteration) -> batch`.
    """

    def __init__(self, open_source):
        # fork: inside `caffe train` there is no Python executable that another process could be started from.
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        _connections.add(self._connection)
        self._process = context.Process(target=_serve, args=(open_source, theirs), daemon=True)
        self._process.start()
        theirs.close()
        # A closed connection ends the process: when this object goes, or before Python waits for it at its own end.
        multiprocessing.util.Finalize(self, self._connection.close, exitpriority=0)
        self._requested = None

    def request(self, iteration):
        """Begin to prepare an iteration's batch; raises a RuntimeError if the process died."""
        try:
            self._connection.send(iteration)
        except ConnectionError:
            raise self._death() from None
        self._requested = iteration

    def get(self, iteration):
        """Return an iteration's batch; what was requested for another iteration is dropped.

        Raises
        ------
        Exception
            Whatever the loading raised, or a RuntimeError if the process died.
        """
        if self._requested is not None and self._requested != iteration:
            self._receive()
        if self._requested is None:
            self.request(iteration)
        batch = self._receive()
        if isinstance(batch, Exception):
            raise batch
        return batch

    def _receive(self):
        self._requested = None
        try:
            return self._connection.recv()
        except (EOFError, ConnectionError):
            raise self._death() from None

    def _death(self):
        return RuntimeError(f"The process that reads the data has died{self._cause()}; the lines above or the system's "
                            "log say why.")

    def _cause(self):
        self._process.join(timeout=1)
        code = self._process.exitcode
        if code == -signal.SIGKILL:
            return ", killed as the system does where memory runs out"
        return f" of {signal.Signals(-code).name}" if code and code < 0 else ""

    def close(self):
        """End the process."""
        self._connection.close()
        self._process.join()


def _serve(open_source, connection):
    """Answer requests until the other end is closed, which the end of the parent does too."""
    # A terminal or a scheduler signals all processes of a group; the parent decides when this one ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for parents_end in open_connections():
        parents_end.close()
    try:
        load = open_source()
        while True:
            connection.send(_outcome(load, connection.recv()))
    except (EOFError, ConnectionError):
        pass
    except Exception as error:
        _answer_all(connection, error)
    finally:
        os._exit(0)  # skip the exit handlers copied from the parent: they are the parent's to run


def _outcome(load, iteration):
    try:
        return load(iteration)
    except Exception as error:
        return error


def _answer_all(connection, error):
    try:
        while True:
            connection.recv()
            connection.send(error)
    except (EOFError, ConnectionError):
        pass
