"""Training on several processes: `mpiexec -n 2 nn-scratch train segmentation` (MPI, by mpi4py).

Every process, a "rank", takes a part of each batch; gradients and the sums of batch norm are added
up over all of them (synchronous data parallelism), so that every rank holds the net that a single
process would, to rounding. The first rank logs and saves.

On one machine this is also the faster way to use the cores: two threads hand Python's interpreter
lock to and fro, two processes do not.
"""

import os
import sys
import time
import traceback
from contextlib import contextmanager

import numpy as np

from nn_scratch.backend import to_host, xp_of
from nn_scratch.engine.cpu.threads import thread_count

FORWARDING = 1.0  # seconds in which the launcher passes on what a rank wrote before all are killed
LAUNCHER_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # what launchers tell each process they start


class RanksError(RuntimeError):
    """Processes that were started together but cannot work together."""


class Alone:
    """The only process: every sum is its own part."""

    rank, size = 0, 1

    def part(self, count):
        """The slice of `count` samples that this rank takes."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def share(self, weigh):
        """What part of the batch's weight is this rank's; `weigh()` gives the rank's own weight."""
        return 1.0

    def all_sum(self, array):
        """The sum of the ranks' arrays, on every rank."""
        return array

    def all_gather(self, value):
        """The ranks' values, in their order, on every rank."""
        return [value]

    def broadcast(self, value):
        """The first rank's value, on every rank."""
        return value

    @contextmanager
    def synchronized(self, net):
        """Batch norm's statistics are the whole batch's within."""
        yield

    def sum_gradients(self, net):
        """Add up net.grads over the ranks."""

    @contextmanager
    def stop_together(self):
        """A rank that fails within stops all of them, with its message: they would wait forever."""
        yield


ALONE = Alone()


class MpiRanks(Alone):
    """The processes of an MPI communicator. Unless NN_SCRATCH_THREADS is set, the ranks of one
    machine divide its cores among their threads."""

    def __init__(self, communicator):
        from mpi4py import MPI

        self.communicator = communicator
        self.rank, self.size = communicator.rank, communicator.size
        neighbours = communicator.Split_type(MPI.COMM_TYPE_SHARED).size
        os.environ.setdefault("NN_SCRATCH_THREADS", str(max(1, thread_count() // neighbours)))

    def share(self, weigh):
        own = float(weigh())
        total = self.communicator.allreduce(own)
        return own / total if total else float("nan")

    def all_sum(self, array):
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
        norms = [layer for _, layer in net.named_modules() if hasattr(layer, "all_sum")]
        for layer in norms:
            layer.all_sum = self.all_sum
        try:
            yield
        finally:
            for layer in norms:
                layer.all_sum = None

    def sum_gradients(self, net):
        gradients = list(net.grads.values())
        packed = np.concatenate([to_host(gradient).reshape(-1) for gradient in gradients])
        total, start = self.all_sum(packed), 0
        for gradient in gradients:
            part = total[start : start + gradient.size].reshape(gradient.shape)
            gradient[...] = xp_of(gradient).asarray(part)
            start += gradient.size

    @contextmanager
    def stop_together(self):
        try:
            yield
        except BaseException:
            sys.stdout.flush()
            sys.stderr.write(f"rank {self.rank} of {self.size} failed:\n{traceback.format_exc()}")
            sys.stderr.flush()
            time.sleep(FORWARDING)
            self.communicator.Abort(1)


def world():
    """The ranks that an MPI launcher started together with this process, or Alone.

    Raises RanksError when there are some, but this process cannot reach them.
    """
    said = [int(os.environ[name]) for name in LAUNCHER_SIZES if name in os.environ]
    if not said or said[0] == 1:
        return Alone()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise RanksError(
            f"{said[0]} processes were started by an MPI launcher, but mpi4py does not work here "
            f"({error}): pip install -e '.[mpi]' in the checkout"
        ) from error
    if MPI.COMM_WORLD.size != said[0]:
        raise RanksError(
            f"{said[0]} processes were started, but mpi4py sees {MPI.COMM_WORLD.size}: launcher "
            "and mpi4py belong to different MPI libraries; use the mpiexec beside your python"
        )
    return MpiRanks(MPI.COMM_WORLD)
