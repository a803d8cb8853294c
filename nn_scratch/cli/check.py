"""`nn-scratch check`: check gradients of the library, or of the user's own file."""

from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import UsageError, add_limits, limits_of
from nn_scratch.cli.output import error_as_json

EPILOG = """\
what to check:
  nn-scratch check                  every op, layer and net of the library
  nn-scratch check conv2d           one of them
  nn-scratch check my.py:MyLayer    a layer of your own file
  nn-scratch check my.py:my_op      its functions my_op and my_op_backward

Your file may have a function example() that returns the inputs to check on as
a tuple, for instance (np.ones((2, 3, 8, 7)),). The first entry may be a layer,
and the last a dict of options. Your file runs in a process of its own, with
limits on time and memory.

exit status: 0 right, 1 wrong, 2 a wrong call or a file that cannot be used,
3 it cannot be told, 4 the file ended the process, hung or used up its limits
"""


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "check",
        help="check gradients, the library's or your own",
        epilog=EPILOG,
    )
    parser.add_argument("what", nargs="?", help="an op, a layer, or FILE.py:NAME (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON, for a grader")
    parser.add_argument(
        "--time",
        action="store_true",
        help="also measure the time, and compare it with the plain engine and the last run",
    )
    add_limits(parser)
    return parser


@error_as_json
def run(options):
    """Check, and show the results. A user's file runs in a process of its own."""
    path, colon, name = (options.what or "").rpartition(":")
    if colon:
        return _own(path, name, options)
    if (options.what or "").endswith(".py"):
        raise UsageError(f"what in {options.what}? nn-scratch check {options.what}:NAME")
    from nn_scratch.check.report import together
    from nn_scratch.check.run import check_and_show

    results = check_and_show(options.what, as_json=options.json)
    timings = _timed(results, show=not options.json) if options.time else []
    verdict = together(result.ok for result in results)
    if options.json:
        found = {"ok": verdict, "results": [result.as_dict() for result in results]}
        if options.time:
            found["timings"] = [timing.as_dict() for timing in timings]
        print(strict_json.dumps(found, indent=1))
    return {True: 0, False: 1, None: 3}[verdict]


def _timed(results, show):
    """The Timings of all cases, which are also printed as a table if `show`."""
    from nn_scratch.check import timing

    found = []
    if show:
        print(f"\n{timing.HEADING}")
    for result in results:
        if result.raised:
            continue
        found.append(timing.time_case(result.case))
        if show:
            print(found[-1].line(), flush=True)
    if show:
        print(f"\n{timing.LEGEND}")
    return found


def _own(path, name, options):
    """Check the layer or the functions `name` in the user's file at `path`."""
    from nn_scratch.exercises import process, screens

    if not options.json:
        print(f"checking {name} in {Path(path).resolve()}\n", flush=True)
    outcome = process.run(
        [process.Task("check", path, (name,), time=options.time)], limits_of(options)
    )[0]
    screens.show(outcome, {"file": path}, as_json=options.json)
    return process.exit_status([outcome])
