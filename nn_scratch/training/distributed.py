"""Training on several processes: `mpiexec -n 2 nn-scratch train segmentation` (MPI, by mpi4py).

Each process, called a rank, takes a part of each batch. Gradients and the sums of batch norm are
added up over all ranks (synchronous data parallelism), so that every rank holds the net that a
single process would have, up to rounding. The first rank logs and saves.

As in torch.distributed there is one group of processes, which `world()` returns; fit, evaluate and
the tasks use it to work together.

On one machine several processes are also the faster way to use several cores: two threads of one
process have to take turns with Python's interpreter lock, two processes do not.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from nn_scratch.backend import Array, to_host, xp_of
from nn_scratch.engine.cpu.threads import thread_count

FORWARDING = 1.0  # seconds that the launcher gets to pass on a rank's message before all are killed
PATIENCE = 3.0  # seconds within which all ranks run into a mistake that they were all given
LAUNCHER_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # set by launchers to the number of ranks


class RanksError(RuntimeError):
    """Processes were started together but cannot work together."""


class _AbortedError(SystemExit):
    """This rank has stopped all ranks, and must end itself without doing anything more."""


class SingleProcess:
    """A group of one process, in which every sum over the ranks is the process's own value."""

    rank, size = 0, 1
    local_rank = 0  # the number of this process among those on its machine

    def part(self, count: int) -> slice:
        """The slice of a batch of `count` samples that this rank takes."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def all_reduce(self, array: Array) -> Array:
        """The sum of the ranks' arrays, on every rank."""
        return array

    def all_gather(self, value) -> list:
        """The list of the ranks' values, in the order of ranks, on every rank."""
        return [value]

    def broadcast(self, value):
        """The first rank's value, on every rank."""
        return value

    @contextmanager
    def synchronized(self, net) -> Iterator[None]:
        """A context in which batch norm computes the statistics of the whole batch."""
        yield

    def sum_gradients(self, net) -> None:
        """Replace net.grads by their sum over the ranks."""

    @contextmanager
    def abort_together(self) -> Iterator[None]:
        """A context in which a rank that fails stops all others, which would wait for it forever.
        If all ranks raise an error of nn_scratch, because the user gave all of them something
        wrong, only the first rank reports it.

        Raises: SystemExit on a rank that failed, which must write nothing more; on the first rank,
            the error of nn_scratch that all of them raised.
        """
        yield


class MpiProcesses(SingleProcess):
    """The processes of an MPI communicator. Unless NN_SCRATCH_THREADS is set, the ranks of one
    machine share its cores equally."""

    def __init__(self, communicator):
        from mpi4py import MPI

        self.communicator = communicator
        # Ranks that fail meet here, independently of what other ranks are waiting for.
        self.failures = communicator.Dup()
        self.agreed = None  # the error that all ranks have raised
        self.rank, self.size = communicator.rank, communicator.size
        machine = communicator.Split_type(MPI.COMM_TYPE_SHARED)
        self.local_rank = machine.rank
        os.environ.setdefault("NN_SCRATCH_THREADS", str(max(1, thread_count() // machine.size)))

    def all_reduce(self, array):
        own = np.ascontiguousarray(to_host(array))
        total = np.empty_like(own)
        self.communicator.Allreduce(own, total)
        return xp_of(array).asarray(total)

    def all_gather(self, value):
        return self.communicator.allgather(value)

    def broadcast(self, value):
        return self.communicator.bcast(value)

    @contextmanager
    def synchronized(self, net):
        norms = [layer for _, layer in net.named_modules() if hasattr(layer, "all_reduce")]
        for layer in norms:
            layer.all_reduce = self.all_reduce
        try:
            yield
        finally:
            for layer in norms:
                layer.all_reduce = None

    def sum_gradients(self, net):
        gradients = list(net.grads.values())
        packed = np.concatenate([to_host(gradient).reshape(-1) for gradient in gradients])
        total, start = self.all_reduce(packed), 0
        for gradient in gradients:
            part = total[start : start + gradient.size].reshape(gradient.shape)
            gradient[...] = xp_of(gradient).asarray(part)
            start += gradient.size

    @contextmanager
    def abort_together(self):
        try:
            yield
        except _AbortedError:
            raise
        except BaseException as error:
            sys.stdout.flush()
            if _is_the_users(error) and (error is self.agreed or self._all_fail()):
                self.agreed = error
                if self.rank == 0:
                    raise
                raise _AbortedError(2) from error
            sys.stderr.write(f"rank {self.rank} of {self.size} failed:\n{traceback.format_exc()}")
            sys.stderr.flush()
            time.sleep(FORWARDING)
            self.communicator.Abort(1)
            # Abort may return, and the process live on until the launcher's signal arrives.
            raise _AbortedError(1) from error

    def _all_fail(self):
        """Whether all other ranks fail within PATIENCE seconds, too."""
        meeting, patience = self.failures.Ibarrier(), time.monotonic() + PATIENCE
        while not meeting.Test():
            if time.monotonic() > patience:
                return False
            time.sleep(0.01)
        return True


def _is_the_users(error):
    """Whether the class of this error is defined in nn_scratch: then the user's input is at fault,
    and the message says how."""
    return any(kind.__module__.partition(".")[0] == "nn_scratch" for kind in type(error).__mro__)


def world() -> SingleProcess:
    """The group of processes that this one trains with.

    Returns: the processes that an MPI launcher started together with this one, or a group of this
        process alone.
    Raises: RanksError if a launcher started several processes, but this one cannot reach the
        others.
    """
    told = [int(os.environ[name]) for name in LAUNCHER_SIZES if name in os.environ]
    if not told or told[0] == 1:
        return _SINGLE
    return _mpi(told[0])


def on_processes(count, arguments):
    """Start `nn-scratch` with these arguments as `count` processes on this machine, and wait.

    Returns: the exit status; None if this process should do the work itself, because one process is
        enough or because it is one of those that were started.
    Raises: RanksError if the processes cannot be started, or if a launcher has started another
        number of them.
    """
    size = world().size
    if size == count:
        return None
    if count < 1:
        raise RanksError(f"--processes is {count}, but must be at least 1")
    if size > 1:
        raise RanksError(
            f"a launcher started {size} processes, but --processes is {count}: "
            "leave one of both out"
        )
    beside_python = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    launcher = beside_python or shutil.which("mpiexec")
    if launcher is None or importlib.util.find_spec("mpi4py") is None:
        raise RanksError(
            f"--processes {count} needs mpi4py and its launcher, mpiexec, which "
            "pip install -e '.[mpi]' in the checkout brings"
        )
    command = [launcher, "-n", str(count), sys.executable, "-m", "nn_scratch", *arguments]
    return subprocess.run(command).returncode


_SINGLE = SingleProcess()


@lru_cache(maxsize=1)
def _mpi(size):
    """The group of `size` processes that the launcher says it started."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise RanksError(
            f"{size} processes were started by an MPI launcher, but mpi4py does not work here "
            f"({error}): pip install -e '.[mpi]' in the checkout"
        ) from error
    if MPI.COMM_WORLD.size != size:
        raise RanksError(
            f"{size} processes were started, but mpi4py sees {MPI.COMM_WORLD.size}: launcher "
            "and mpi4py belong to different MPI libraries; use the mpiexec beside your python"
        )
    return MpiProcesses(MPI.COMM_WORLD)
