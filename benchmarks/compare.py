"""Two result files of one benchmark, row by row: what became faster, what slower?

    python benchmarks/compare.py before.json benchmarks/cpu.json

For files of cpu.py, training.py, ways.py and split.py. A row is known by its texts and counts;
shown are its times (milliseconds) or ratios in both files, and the second by the first: below 1 is
faster.
Of two machines only ratios to PyTorch can be compared.
"""

import argparse
import json
from pathlib import Path

from machine import geometric_mean

NUMBERS = "median_ms", "ms", "ratio"  # what is compared, the first that a row has


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args(arguments)
    before, after = (json.loads(path.read_text()) for path in (options.before, options.after))
    for name, report in ("before", before), ("after", after):
        print(f"{name}: " + ", ".join(f"{what} {v}" for what, v in report["machine"].items()))
    print(table(rows_of(before), rows_of(after)))


def rows_of(report):
    """{(what a row is of, which library or way): its number}."""
    rows = {}
    for row in report["rows"]:
        kind = row.get("way", "")
        texts = [str(v) for k, v in row.items() if isinstance(v, (str, int)) and k != "way"]
        peers = {k: v["median"] for k, v in row.items() if isinstance(v, dict) and "median" in v}
        if "torch" in peers:
            peers["ours/torch"] = peers["ours"] / peers["torch"]
        number = next((row[key] for key in NUMBERS if key in row), None)
        for peer, value in (peers or {kind: number}).items():
            rows[" ".join(texts), peer] = value
    return rows


def table(before, after):
    """The rows that both files have, with a mean for each kind, and the names of the others."""
    lines, ratios = [f"{'':<56}{'before':>9}{'after':>9}{'ratio':>6}"], {}
    for (name, kind), value in before.items():
        if (name, kind) in after:
            other = after[name, kind]
            ratios.setdefault(kind, []).append(other / value)
            row = f"{name} {kind}".strip()
            lines.append(f"{row:<56}{value:>9.2f}{other:>9.2f}{other / value:>6.2f}")
    for kind, found in ratios.items():
        lines.append(f"geometric mean of {len(found)} ratios, {kind}: {geometric_mean(found):.3f}")
    for where, rows in ("before", before.keys() - after), ("after", after.keys() - before):
        lines.extend(f"only in {where}: {' '.join(row)}" for row in sorted(rows))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
