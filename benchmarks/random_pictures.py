"""Random calls of every public function of nn_scratch.plotting: a figure, or an error by name.

    python benchmarks/random_pictures.py                  5,000 calls, some minutes
    python benchmarks/random_pictures.py --calls 90 --seed 3 --only plot_net

As random_calls.py, whose rules hold here too: right arguments, of which in most calls one is
spoiled. What comes of it must be Figures that can be drawn, or a ValueError or TypeError with the
name of an argument in it; nothing that was given may change, and nothing may be warned of. Exits
with 1 if there are faults.
"""

import argparse
import sys

from calls.plotting import DRAWN, TABLE
from random_calls import limit_memory, try_calls

DPI = 30  # of figures that are only looked at for errors


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="functions whose name begins so")
    options = parser.parse_args(arguments)
    limit_memory()
    DRAWN["dpi"] = DPI
    names = [name for name in TABLE if name.startswith(f"plotting.{options.only}")]
    if not names:
        parser.error(f"no function's name begins with {options.only!r}")
    counts, faults = try_calls(names, options.calls, options.seed, TABLE)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
