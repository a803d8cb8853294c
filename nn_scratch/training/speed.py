"""What a second process would save a run on a CPU, found out by timing a few of its steps."""

import copy
import os
import statistics
import time
from contextlib import contextmanager

from nn_scratch.engine.cpu.threads import thread_count
from nn_scratch.training.distributed import world
from nn_scratch.training.optim import Adam

LEAST_STEPS = 200  # of a run: in a shorter one the question costs what the answer could save
ROUNDS = 3  # of both ways in turn; the first steps of each come before
WORTH_SAYING = 0.95  # of the time of a step


def what_processes_save(one, device):
    """Time steps of a Recipe with a whole batch on all cores, and with half of one on half of them,
    which is what each of two processes would do; adding up gradients comes on top.

    Net, optimizer and data are as before, for copies of the net learn here.

    Returns: a sentence for the user; None where two processes would not help, or the run is short.
    """
    threads, steps = thread_count(), one.settings.epochs * len(one.train)
    if world().size > 1 or device != "cpu" or threads < 2 or steps < LEAST_STEPS:
        return None
    whole = _stepper(one, lambda count: slice(count))
    half = _stepper(one, lambda count: slice(-(-count // 2)))
    times = [(_seconds(whole, threads), _seconds(half, threads // 2)) for _ in range(1 + ROUNDS)]
    now, then = (statistics.median(column) for column in zip(*times[1:], strict=True))
    if then > WORTH_SAYING * now:
        return None
    return (
        f"a step takes {1e3 * now:.0f} ms; with --processes 2 it would take about "
        f"{1e3 * then:.0f} ms, {1 - then / now:.0%} less"
    )


def _stepper(one, part):
    """A training step of a copy of the net, on a part of the first batch."""
    net = copy.deepcopy(one.net).train()
    batch, optimizer = next(iter(one.train.batches(part=part))), Adam(net)

    def step():
        net.zero_grad()
        one.task.step(net, batch)
        optimizer.step()

    return step


def _seconds(step, threads):
    """How long a step takes with so many threads."""
    with _threads(threads):
        start = time.perf_counter()
        step()
        return time.perf_counter() - start


@contextmanager
def _threads(count):
    """Work with so many threads; afterwards as before."""
    before = os.environ.get("NN_SCRATCH_THREADS")
    os.environ["NN_SCRATCH_THREADS"] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NN_SCRATCH_THREADS"]
        else:
            os.environ["NN_SCRATCH_THREADS"] = before
