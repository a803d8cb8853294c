"""Random calls of every public function: a right result, or an error that names the argument.

    python benchmarks/random_calls.py                  20,000 calls, half a minute
    python benchmarks/random_calls.py --calls 500 --seed 3 --only evaluation.

Each function and class that a package lists in `__all__` has a maker of right calls in calls/, and,
where there is a cheap one, an independent way to its result: plain loops, float64, or what must
hold of it. In most calls one argument is spoiled: None, texts, a fraction for a whole number,
negative, zero, huge and NaN, another rank, dtype, length or layout, a list, a read-only or a masked
array. Then the result must be right all the same, or the call is refused by a ValueError or
TypeError with the name of an argument in it; nothing else may be raised, no argument may change,
nothing may be warned of, and the memory stays bounded. What draws is tried by random_pictures.py.

Prints how many calls were computed and how many refused, and every fault. Exits with 1 if there
are faults.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager

import numpy as np

from calls import (
    check,
    data,
    engine,
    evaluation,
    exercises,
    graph,
    layers,
    naive,
    nets,
    ops,
    training,
)
from calls.frame import described, spoiled, try_call

PACKAGES = (
    *(check, data, engine, evaluation, exercises, graph),
    *(layers, naive, nets, ops, training),
)
TABLE = {name: make for package in PACKAGES for name, make in package.TABLE.items()}
SPOILED = 0.7  # of the calls
MEMORY = 8 << 30  # bytes of addresses that all may take


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="functions whose name begins so")
    options = parser.parse_args(arguments)
    limit_memory()
    names = [name for name in TABLE if name.startswith(options.only)]
    if not names:
        parser.error(f"no function's name begins with {options.only!r}")
    counts, faults = try_calls(names, options.calls, options.seed)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def try_calls(names, calls, seed, table=TABLE):
    """How many calls were computed and refused, and the faults found, as text."""
    counts, faults = Counter(), []
    for number in range(calls):
        name, rng = names[number % len(names)], np.random.default_rng([seed, number])
        call, place = table[name](rng), None
        if rng.random() < SPOILED and (call.positional or call.keywords):
            call, place = spoiled(rng, call)
        text = described(name, call)  # before the call, which may use its arguments up
        with elsewhere():
            outcome, fault = try_call(call, place)
        counts[outcome] += 1
        if fault:
            faults.append(f"call {number}: {text}: {fault}")
    return counts, faults


@contextmanager
def elsewhere():
    """In a new folder, because a text may be taken for the name of a file to write."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def limit_memory():
    """What asks for more gets a MemoryError, where the system can say so."""
    try:
        import resource
    except ImportError:  # as on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    sys.exit(main())
