"""`nn-scratch grade`: grade the exercises of all students of a course."""

import csv
import sys
from contextlib import ExitStack
from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import UsageError, add_limits, limits_of

EPILOG = """\
FOLDER has a folder for each student, with exercise files (NN_name.py), or with
any files in which functions have the exercises' names. Each student's files run
in a process of their own. A cell of the table says "right", or the case that
failed and the mistake, and the seconds. A file that imports nn_scratch or a
framework is graded as usual, and marked.

A student's file runs with your rights: it can read and write what you can. Run
the work of people whom you do not know in a container or under another account;
lessons/guides/grading.md says what a hostile file can still do.
"""


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "grade",
        help="grade the exercises of many students, as a table",
        epilog=EPILOG,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder for each student")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write the table to a file (default: the screen)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="students at a time (default 2)"
    )
    add_limits(parser)
    return parser


def run(options):
    """Grade all, and write the table."""
    from nn_scratch.exercises.submissions import grade

    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least 1 student at a time")
    with ExitStack() as files:
        table = files.enter_context(_open(options.csv)) if options.csv else sys.stdout
        rows = grade(options.folder, limits_of(options, many=True), options.jobs, _progress)
        if options.csv or not options.json:
            _write_csv(rows, table)
    if options.csv:
        print(options.csv, file=sys.stderr)
    if options.json:
        print(strict_json.dumps({"students": rows}, indent=1))
    return 0


def _open(path):
    """Open the file for the table. It is opened before the work begins, so that a file that cannot
    be written is noticed at once. Raises UsageError."""
    try:
        return open(path, "w", newline="", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _progress(row):
    """Print a line about a student on standard error, as soon as they are graded."""
    count = len(row["exercises"])
    notes = f"   {'; '.join(row['notes'])}" if row["notes"] else ""
    line = f"{row['student']:<24}{row['right']:>3} of {count:>2} right{notes}"
    print(line if len(line) <= 80 else f"{line[:79]}…", file=sys.stderr, flush=True)


def _write_csv(rows, file):
    """Write a row for each student, with a column for each exercise that anybody handed in."""
    from nn_scratch.exercises.submissions import ORDER

    names = [name for name in ORDER if any(row["exercises"].get(name) for row in rows)]
    writer = csv.writer(file)
    writer.writerow(["student", "right", *names, "notes"])
    for row in rows:
        cells = [_cell(row["exercises"].get(name)) for name in names]
        line = [row["student"], row["right"], *cells, "; ".join(row["notes"])]
        writer.writerow([_no_formula(value) for value in line])


def _cell(entry):
    """The text of a cell, such as "right; 0.21 s"."""
    if entry is None:
        return "missing"
    mistake = entry["mistake"] if entry["state"] != "to do" else None
    seconds = None if entry["seconds"] is None else f"{entry['seconds']:.2f} s"
    return "; ".join(part for part in (entry["state"], mistake, seconds) if part)


def _no_formula(value):
    """A value that a spreadsheet does not take for a formula. A student's folder may have any
    name, so a text that begins like a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@") else value
