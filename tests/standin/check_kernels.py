"""Runs the kernels, perhaps with one of their lines changed, beside the plain primitives.

    python -m standin.check_kernels                       as they are
    python -m standin.check_kernels --on-the-card
    python -m standin.check_kernels --planted < CHANGES   each change of a JSON list by itself

Exits with 0 if all results are right. With the address sanitizer it ends at the first access beyond
an array, with the thread sanitizer, and less to do, at the first race. Changes [file, old, new] are
made in processes forked from this one; only the cases of the file that is changed are run, and a
JSON list says how each process ended.
"""

import json
import os
import sys
import traceback

import numpy as np

from backends import OnDevice, device_of
from nn_scratch.engine import plain
from nn_scratch.engine.cuda import launch
from nn_scratch.geometry import conv_size, make_windows, pool_size, pool_windows
from standin.kernels import SANITIZE

RNG = np.random.default_rng(0)
SURVIVED, WRONG, NOT_TRIED = 0, 1, 2  # how a process with a change ends, if no sanitizer ends it
SIZE = 9, 8
CHANNELS = [(3, 5, 1)] if SANITIZE == "thread" else [(3, 5, 1), (12, 20, 1), (17, 70, 1), (6, 4, 2)]


def main(arguments):
    launch.CHANNEL_TERMS = launch.WEIGHT_TERMS = 30  # so that sums go in parts
    launch.MOST_PARTS = 5
    launch.MANY_BLOCKS = 1  # so that threads go through several planes
    if arguments == ["--planted"]:
        print(json.dumps([outcome(*planted) for planted in json.load(sys.stdin)]))
        return
    with device_of("cupy" if arguments == ["--on-the-card"] else "stand-in"):
        for cases in CASES.values():
            compare(cases())


def outcome(file, old, new):
    """How a process with this change ends: SURVIVED, NOT_TRIED, or anything else."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = NOT_TRIED
    try:
        change(file, old, new)
        with device_of("stand-in"):
            compare(CASES[file]())
        status = SURVIVED
    except SystemExit:
        status = WRONG
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def compare(cases):
    """Leave with a sentence at the first result that is not the plain engine's."""
    device = OnDevice(launch)
    for name, given in cases:
        found, right = getattr(device, name)(*given), getattr(plain, name)(*given)
        if not isinstance(right, tuple):
            found, right = (found,), (right,)
        for one, other in zip(found, right, strict=True):
            if not np.allclose(one, other, rtol=1e-5, atol=1e-5, equal_nan=True):
                sys.exit(f"{name} is wrong")


def change(file, old, new):
    """Put `new` for `old`, which must stand there once, in a kernel's source."""
    source = launch._source
    if source(file).count(old) != 1:
        raise ValueError(f"{old!r} stands in {file}.cu {source(file).count(old)} times")
    launch._source = lambda name: source(name).replace(old, new) if name == file else source(name)


def conv_cases():
    for geometry in ((3, 1, 1, 1), ((3, 2), (2, 1), ((1, 0), (0, 1)), (1, 2))):
        windows = make_windows(*geometry)
        for c, f, groups in CHANNELS:
            x, w = integers(2, c, *SIZE), integers(f, c // groups, *windows.kernel)
            g = integers(2, f, *conv_size(SIZE, windows))
            yield "conv_forward", (x, w, windows, groups)
            yield "conv_backward_data", (g, w, SIZE, windows, groups)
            yield "conv_backward_filter", (x, g, windows, groups)


def pool_cases():
    for geometry in ((2, 2, 0, 1), (3, 1, 1, 1), ((3, 2), (1, 2), (1, 0), (2, 1))):
        windows = pool_windows(*geometry)
        x = integers(2, 3, *SIZE)
        x[0, 0, 2, 2:4] = np.nan
        positions = pool_size(SIZE, windows)
        yield "max_pool_argmax", (x, windows, positions)
        x = integers(2, 3, *SIZE)
        y, switches = plain.max_pool_argmax(x, windows, positions)
        yield "gather", (x, switches)
        yield "scatter_add", (integers(*y.shape), switches, SIZE, windows)
        yield "scatter_add", (integers(*y.shape), switches, SIZE)


def norm_cases():
    x, dy, y = (integers(2, 3, *SIZE) for _ in range(3))
    y[0, 0, 0, :2] = np.nan, 0
    a, b, c, mean, variance = (integers(3) for _ in range(5))
    statistics = mean, variance
    yield "batch_norm_stats", (integers(8, 2, 16, 11),)  # more than one number for each thread
    yield "batch_norm_elemt", (x, statistics, a, b)
    yield "batch_norm_elemt", (x, statistics, a, b, True)
    for mask in None, y:
        yield "batch_norm_backward_reduce", (dy, x, statistics, mask)
        yield "batch_norm_backward_elemt", (dy, x, statistics, a, b, c, mask is not None)


def loss_cases():
    scores, labels = integers(2, 5, *SIZE), RNG.integers(0, 5, (2, *SIZE))
    scores[0, 2, 1, 1] = 200  # exp of it is infinite
    scores[1, 3, 2, 2] = np.nan
    factors = integers(2, *SIZE)
    factors[1, 2, 2] = 0
    yield "cross_entropy_terms", (scores, labels)
    yield "cross_entropy_slopes", (scores, labels, factors)


CASES = {"conv": conv_cases, "pool": pool_cases, "norm": norm_cases, "loss": loss_cases}


def integers(*shape):
    return RNG.integers(-4, 5, shape).astype(np.float32)


if __name__ == "__main__":
    main(sys.argv[1:])
