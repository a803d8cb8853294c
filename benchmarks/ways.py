"""What does each way of computing a convolution gain? With it, and with it taken out of the table.

    python benchmarks/ways.py                      all ways, some minutes
    python benchmarks/ways.py --rounds 1 --tiny    does it run at all?

Needs PyTorch, for benchmarks/cpu.py, whose shapes are taken (forward, both gradients), and a
training step of every net. Times are CPU time with one thread, in turns in one process; a ratio is
time without the way by time with it, of medians: below 1 the way costs. Only calls that take the
way are timed. Writes a table and benchmarks/ways.json (--json).
"""

import argparse
import json
import os
import statistics
import time
from contextlib import contextmanager
from pathlib import Path

os.environ["NN_SCRATCH_THREADS"] = "1"

import cpu
import numpy as np

from machine import geometric_mean, machine
from nn_scratch import ops
from nn_scratch.engine.cpu import ways
from nn_scratch.training import SGD, TASKS
from nn_scratch.training.build_net import build_net

RNG = np.random.default_rng(0)
TABLE = dict(ways.WAYS)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tiny", action="store_true", help="small shapes and two nets")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("ways.json"))
    options = parser.parse_args(arguments)
    rows = []
    for kind, name, call in [*shapes(options.tiny), *steps(options.tiny)]:
        for way in sorted(taken(call)):
            ratio = gain(call, way, options.rounds)
            rows.append({"kind": kind, "call": name, "way": way, "ratio": ratio})
            print(f"{ratio:6.2f}  {way:<42}{name}", flush=True)
    print("\ngeometric mean of the ratios, and how many calls take the way")
    for way in dict.fromkeys(row["way"] for row in rows):
        for kind in "op", "step":
            ratios = [r["ratio"] for r in rows if (r["way"], r["kind"]) == (way, kind)]
            if ratios:
                print(f"{geometric_mean(ratios):6.2f}  {way:<42}{len(ratios)} {kind}s")
    options.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


def gain(call, way, rounds):
    """Time without the way by time with it."""
    seconds = {True: [], False: []}
    for _ in range(rounds):
        for present, times in seconds.items():
            with table(way, present):
                call()
                start = time.process_time()
                call()
                times.append(time.process_time() - start)
    return statistics.median(seconds[False]) / max(statistics.median(seconds[True]), 1e-9)


@contextmanager
def table(way, present):
    """Within, the table of ways as it is, or without those of this name."""
    for primitive, entries in TABLE.items():
        ways.WAYS[primitive] = tuple(e for e in entries if present or e.name != way)
    ways.cheapest.cache_clear()
    yield
    ways.WAYS.update(TABLE)
    ways.cheapest.cache_clear()


def taken(call):
    """The names of the ways that a call takes, but for im2col, which is always there."""
    modules, original = set(), ways.costs_of

    def noting(primitive, described):
        costs = original(primitive, described)
        if len(costs) > 1:
            modules.add(min(costs, key=costs.get).name)
        return costs

    ways.cheapest.cache_clear()
    ways.costs_of = noting
    call()
    ways.costs_of = original
    return modules - {ways.IM2COL.name}


def shapes(tiny):
    """The convolutions of benchmarks/cpu.py."""
    for name, cases in ("conv2d", cpu.CONVOLUTIONS), ("conv_transpose2d", cpu.TRANSPOSED):
        for n, c, f, height, width, *geometry in cases[:6] if tiny else cases:
            size = (height // 8, width // 8) if tiny else (height, width)
            name, shape, _, calls = cpu.convolution_case(name, n, c, f, *size, *geometry)
            yield "op", f"{name} {shape}", calls["ours"]


def steps(tiny):
    """A training step of every net."""
    for name, task in TASKS.items():
        for net_name in list(task.nets)[:1] if tiny else task.nets:
            size = (24, 24) if tiny else (48, 48)
            x = RNG.standard_normal((8, 1, *size), np.float32)
            net = build_net(task.nets, name, net_name, 1, 11, image_size=size, rng=0)
            yield "step", net_name, step(net, SGD(net, 1e-12), x)  # none diverges


def step(net, optimizer, x):
    def call():
        net.zero_grad()
        y = net(x)
        scores = y[0] if isinstance(y, tuple) else y
        ops.cross_entropy(scores, np.zeros((len(x), *scores.shape[2:]), int))
        net.backward(y)
        optimizer.step()

    return call


if __name__ == "__main__":
    main()
