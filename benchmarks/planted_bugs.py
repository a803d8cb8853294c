"""Do the kernels' tests catch what can go wrong in a kernel?

    python benchmarks/planted_bugs.py             all bugs, two minutes
    python benchmarks/planted_bugs.py --only loss    those of one file

Each of the bugs in tests/standin/planted.py is planted by itself, compiled for the CPU, and run
beside the plain engine under a sanitizer: the address sanitizer, or for races the thread
sanitizer. Ends with 1 if one of them is not caught. Needs g++ on Linux. Writes a table and
planted_bugs.json (--json).
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from machine import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from standin.planted import ADDRESSES, PLANTED, RACES, THREADS, outcomes


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="files whose name begins so")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args(arguments)
    found = []
    for planted, sanitizer in (PLANTED, ADDRESSES), (RACES, THREADS):
        found += outcomes([bug for bug in planted if bug[0].startswith(options.only)], **sanitizer)
    counts = Counter((f"{file}.cu", how) for (file, *_), how in found)
    for (file, how), count in sorted(counts.items()):
        print(f"{file:<10}{count:>4} {how}")
    missed = [bug for bug, how in found if how != "caught"]
    report = {
        "machine": machine(),
        "bugs": [{"file": file, "how": how, "count": n} for (file, how), n in counts.items()],
        "missed": missed,
    }
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
