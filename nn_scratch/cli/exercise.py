"""`nn-scratch exercise`: write the passes yourself."""

from pathlib import Path

from nn_scratch.cli.options import UsageError, add_limits, limits_of
from nn_scratch.cli.output import error_as_json

EPILOG = """\
what to do:
  nn-scratch exercise start [DIR]    write files with blanks into a folder
                                     (default: exercises)
  nn-scratch exercise                list all: done, failing, to do
  nn-scratch exercise 03             check one: a number, a file, or a function
  nn-scratch exercise 03 --watch     check it whenever its file is saved
  nn-scratch exercise 03 --hint      the next hint; each one tells more
  nn-scratch exercise 03 --solution  one way to write it
  nn-scratch exercise reset 03       restore the blank, after asking

Your functions are checked on cases that grow, up to the first that fails. Your
file runs in a process of its own, with limits on time and memory.

exit status: 0 right, 1 wrong, 2 a wrong call or a file that cannot be used,
3 it cannot be told, 4 the file ended the process, hung or used up its limits
"""


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "exercise",
        help="write the passes yourself, and learn what is wrong",
        epilog=EPILOG,
    )
    parser.add_argument("what", nargs="?", help="start, reset, a number, a file or a function")
    parser.add_argument("more", nargs="?", help="the folder of start, or the exercise to reset")
    parser.add_argument("--watch", action="store_true", help="check again after every save")
    parser.add_argument("--hint", action="store_true", help="show the next hint")
    parser.add_argument("--solution", action="store_true", help="show one way to write it")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw what is wrong")
    parser.add_argument("--json", action="store_true", help="print JSON, for a grader")
    parser.add_argument("--yes", action="store_true", help="reset without asking")
    add_limits(parser)
    return parser


@error_as_json
def run(options):
    """Start, list, check or reset exercises, or show a hint or the solution of one."""
    from nn_scratch.exercises import screens
    from nn_scratch.exercises.workspace import FOLDER, Workbook

    if options.what == "start":
        return screens.start(options.more or FOLDER)
    book, limits = Workbook.near(), limits_of(options, many=options.what is None)
    if options.what is None:
        return screens.show_list(book, limits, as_json=options.json)
    if options.what == "reset":
        if options.more is None:
            raise UsageError("which exercise? nn-scratch exercise reset 03")
        return screens.reset(book, options.more, ask=not options.yes)
    if options.hint:
        return screens.show_hint(book, options.what, limits)
    if options.solution:
        return screens.show_solution(book, options.what)
    if options.watch:
        return screens.watch(book, options.what, limits)
    return screens.check(book, options.what, limits, as_json=options.json, plot=options.plot)
