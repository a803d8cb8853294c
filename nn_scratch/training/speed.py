"""How much time a second process would save, measured on a few training steps on the CPU."""

import copy
import os
import statistics
import time
from contextlib import contextmanager

from nn_scratch.engine.cpu.threads import thread_count
from nn_scratch.training.distributed import world
from nn_scratch.training.optim import Adam

LEAST_STEPS = 200  # of a run: in a shorter one, measuring would cost as much as it could save
ROUNDS = 3  # in which both ways take turns, after a first round that does not count
WORTH_SAYING = 0.95  # the ratio of both times from which on nothing is said


def what_processes_save(recipe, device):
    """Time training steps of a Recipe with a whole batch on all cores, and with half a batch on
    half of the cores, which is what each of two processes would do. The time for adding up their
    gradients is not included.

    The steps train copies of the net, so that the recipe does not change.

    Returns: a sentence for the user; None if two processes would not help, or the run is short.
    """
    threads, steps = thread_count(), recipe.settings.epochs * len(recipe.train)
    if world().size > 1 or device != "cpu" or threads < 2 or steps < LEAST_STEPS:
        return None
    whole = _stepper(recipe, lambda count: slice(count))
    half = _stepper(recipe, lambda count: slice(-(-count // 2)))
    times = [(_seconds(whole, threads), _seconds(half, threads // 2)) for _ in range(1 + ROUNDS)]
    now, then = (statistics.median(column) for column in zip(*times[1:], strict=True))
    if then > WORTH_SAYING * now:
        return None
    return (
        f"a step takes {1e3 * now:.0f} ms; with --processes 2 it would take about "
        f"{1e3 * then:.0f} ms, {1 - then / now:.0%} less"
    )


def _stepper(recipe, part):
    """A function that makes a training step of a copy of the net, on a part of the first batch."""
    net = copy.deepcopy(recipe.net).train()
    batch, optimizer = next(iter(recipe.train.batches(part=part))), Adam(net)

    def step():
        net.zero_grad()
        recipe.task.step(net, batch)
        optimizer.step()

    return step


def _seconds(step, threads):
    """The seconds of one step with a number of threads."""
    with _threads(threads):
        start = time.perf_counter()
        step()
        return time.perf_counter() - start


@contextmanager
def _threads(count):
    """A context in which nn_scratch uses `count` threads."""
    before = os.environ.get("NN_SCRATCH_THREADS")
    os.environ["NN_SCRATCH_THREADS"] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NN_SCRATCH_THREADS"]
        else:
            os.environ["NN_SCRATCH_THREADS"] = before
