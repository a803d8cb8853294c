"""Training on several processes: `mpiexec -n 2 nn-scratch train segmentation` (MPI, by mpi4py).

Every process, a "rank", takes a part of each batch; gradients and the sums of batch norm are added
up over all of them (synchronous data parallelism), so that every rank holds the net that a single
process would, to rounding. The first rank logs and saves.

As in torch.distributed there is one group of processes, which `world()` gives to whoever needs it:
fit, evaluate and the tasks work together with the other ranks when a launcher started some.

On one machine this is also the faster way to use the cores: two threads hand Python's interpreter
lock to and fro, two processes do not.
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

FORWARDING = 1.0  # seconds in which the launcher passes on what a rank wrote before all are killed
PATIENCE = 3.0  # seconds in which all ranks should have met the same mistake of the user's
LAUNCHER_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # what launchers tell each process they start


class RanksError(RuntimeError):
    """Processes that were started together but cannot work together."""


class _AbortedError(SystemExit):
    """This rank has stopped all of them, and ends as soon as it can."""


class SingleProcess:
    """The only process: every sum is its own part."""

    rank, size = 0, 1
    local_rank = 0  # this process's number among those of one machine

    def part(self, count: int) -> slice:
        """The slice of `count` samples that this rank takes."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def all_reduce(self, array: Array) -> Array:
        """The sum of the ranks' arrays, on every rank."""
        return array

    def all_gather(self, value) -> list:
        """The ranks' values, in their order, on every rank."""
        return [value]

    def broadcast(self, value):
        """The first rank's value, on every rank."""
        return value

    @contextmanager
    def synchronized(self, net) -> Iterator[None]:
        """Batch norm's statistics are the whole batch's within."""
        yield

    def sum_gradients(self, net) -> None:
        """Add up net.grads over the ranks."""

    @contextmanager
    def abort_together(self) -> Iterator[None]:
        """A rank that fails within stops all of them, with its message: they would wait forever.
        What the user gave wrong to all of them is said by the first alone.

        Raises: SystemExit on a rank that failed, should it live on: it must write nothing more;
        on the first rank, what nn_scratch raised on all.
        """
        yield


class MpiProcesses(SingleProcess):
    """The processes of an MPI communicator. Unless NN_SCRATCH_THREADS is set, the ranks of one
    machine divide its cores among their threads."""

    def __init__(self, communicator):
        from mpi4py import MPI

        self.communicator = communicator
        self.failures = communicator.Dup()  # where ranks that fail meet, whatever others wait for
        self.agreed = None  # the error that all of them have
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
            # Abort may return for some milliseconds, until the launcher's signal comes.
            raise _AbortedError(1) from error

    def _all_fail(self):
        """Whether the other ranks fail, too, before long: they were given the same wrong thing."""
        meeting, patience = self.failures.Ibarrier(), time.monotonic() + PATIENCE
        while not meeting.Test():
            if time.monotonic() > patience:
                return False
            time.sleep(0.01)
        return True


def _is_the_users(error):
    """Whether nn_scratch defines this error: it is a sentence about what the user gave."""
    return any(kind.__module__.partition(".")[0] == "nn_scratch" for kind in type(error).__mro__)


def world() -> SingleProcess:
    """Who trains together with this process.

    Returns: the processes that an MPI launcher started with this one, or the SingleProcess.

    Raises: RanksError when there are some, but this process cannot reach them.
    """
    told = [int(os.environ[name]) for name in LAUNCHER_SIZES if name in os.environ]
    if not told or told[0] == 1:
        return _SINGLE
    return _mpi(told[0])


def on_processes(count, arguments):
    """Start `nn-scratch` with these arguments on so many processes of this machine, and wait.

    Returns: its exit status; None where the work is to be done here: with one process, or in one of
    those that were started.
    Raises: RanksError if they cannot be started, or a launcher has started another number.
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
    """The `size` processes that the launcher says it started."""
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
