"""Where does the time of a training step go, with one thread and with several?

    python benchmarks/split.py                        the nets of benchmarks/training.py, a minute
    python benchmarks/split.py --only FCN --steps 1   one of them, one step

Functions of the engine are wrapped in clocks, each of which belongs to a group; what none of them
takes is Python and the rest. With several threads the time is that of all of them: while one works,
the others wait. Writes a table in per cent and benchmarks/split.json (--json).
"""

import argparse
import functools
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import training

from machine import machine
from nn_scratch.engine import cpu, plain
from nn_scratch.engine.cpu import threads
from nn_scratch.training import SGD, world

PRODUCTS, TRANSFORMS, WAITING = "matrix products", "Winograd's transforms", "waiting for threads"
REST = "Python and the rest"
OWNERS = {**vars(cpu), "plain": plain, "SGD": SGD}
GROUPS = {
    PRODUCTS: "gemm.multiply gemm.multiply_transposed gemm.matrix_product",
    TRANSFORMS: "winograd._multiplied winograd._outputs",
    "gathering and putting": "winograd._gathered winograd._put im2col.columns_of polyphase._put",
    "padding": "tiling.padded",
    "sums for batch norm": "batch_norm.batch_norm_stats batch_norm.batch_norm_backward_reduce",
    "maps for batch norm": "batch_norm.batch_norm_elemt batch_norm.batch_norm_backward_elemt",
    "ReLU": "pointwise.relu pointwise.relu_backward",
    "pooling": "pool.max_pool_argmax pool.gather pool.scatter_add",
    "sums of biases": "batch_norm.channel_sum",
    "loss": "plain.cross_entropy_terms plain.cross_entropy_slopes",
    "optimizer": "SGD.step",
}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="nets whose name begins so")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--tiny", action="store_true", help="small images, to see that it runs")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("split.json"))
    options = parser.parse_args(arguments)
    clock, rows = Clock(), []
    counts = sorted({1, max(2, threads.thread_count())})
    for name in [name for name in training.NETS if name.startswith(options.only)]:
        step = training.our_step(training.NETS[name](8 if options.tiny else 1), world())
        for count in counts:
            os.environ["NN_SCRATCH_THREADS"] = str(count)
            rows.append({"net": name, "threads": count, **clock.split(step, options.steps, count)})
    report = {"machine": machine() | {"threads": counts[-1]}, "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


class Clock:
    """Seconds of each group. Every thread has one group at a time, or none while it is idle."""

    def __init__(self):
        self.seconds, self.own = Counter(), threading.local()
        for group, functions in GROUPS.items():
            for owner, name in (function.split(".") for function in functions.split()):
                owner = OWNERS[owner]
                replace(owner, name, self.timed(group, getattr(owner, name)))
        replace(threads, "parallel_for", self.shared(threads.parallel_for))

    def switch(self, group):
        """From now on this thread's time is this group's; returns what it was."""
        now = time.perf_counter()
        before, since = getattr(self.own, "state", (None, now))
        self.seconds[before] += now - since
        self.own.state = group, now
        return before

    def timed(self, group, function):
        """The function, its time for the group. The products of a transform belong to that."""

        @functools.wraps(function)
        def call(*arguments, **options):
            before = self.switch(group)
            if (before, group) == (TRANSFORMS, PRODUCTS):
                self.switch(before)
            try:
                return function(*arguments, **options)
            finally:
                self.switch(before)

        return call

    def shared(self, parallel_for):
        """parallel_for, with which all threads work for the group that calls it; where there
        are others, the caller is idle until they have done."""

        def call(work, *arguments):
            group = self.switch(REST if threads.thread_count() == 1 else None)
            try:
                return parallel_for(self.timed(group, work), *arguments)
            finally:
                self.switch(group)

        return call

    def split(self, step, steps, count):
        """Milliseconds of a step, and each group's part of the time of all threads."""
        step()
        self.seconds.clear()
        self.switch(REST)
        start = time.perf_counter()
        for _ in range(steps):
            step()
        seconds = time.perf_counter() - start
        self.switch(None)
        shares = {group: self.seconds[group] / (count * seconds) for group in groups()}
        shares[WAITING] = 1 - sum(share for group, share in shares.items() if group != WAITING)
        return {"ms": 1e3 * seconds / steps, "shares": shares}


def replace(owner, name, by):
    """In its owner, and in every module of the engine that imported it."""
    function = getattr(owner, name)
    for module in [owner, *sys.modules.values()]:
        if getattr(module, name, None) is function:
            setattr(module, name, by)


def groups():
    return [*GROUPS, REST, WAITING]


def table(report):
    rows = report["rows"]
    lines = [", ".join(f"{what} {value}" for what, value in report["machine"].items())]
    lines.append(f"{'per cent of':<30}" + "".join(f"{r['net'].split()[0]:>10}" for r in rows))
    lines.append(f"{'threads':<30}" + "".join(f"{r['threads']:>10}" for r in rows))
    lines.append(f"{'ms a step':<30}" + "".join(f"{r['ms']:>10.0f}" for r in rows))
    for group in groups():
        lines.append(f"{group:<30}" + "".join(f"{r['shares'][group]:>10.1%}" for r in rows))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
