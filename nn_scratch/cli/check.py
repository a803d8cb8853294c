"""`nn-scratch check`: the gradients of the library, or of your own file."""

import argparse

EPILOG = """\
what to check:
  nn-scratch check                      every op, layer and net of the library
  nn-scratch check conv2d               one of them
  nn-scratch check my.py:MyLayer        a layer of your own file
  nn-scratch check my.py:my_op          functions my_op and my_op_backward of your own file

Your file may say on what, with a function example() that returns the inputs as a tuple, for
instance (np.ones((2, 3, 8, 7)),); a layer may come first, a dict of options last.
"""


def add(commands):
    """The command's parser."""
    parser = commands.add_parser(
        "check",
        help="check gradients: the library's or your own",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", help="an op, a layer, or FILE.py:NAME (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON, for a grader")
    return parser


def run(options):
    """Check and show; 1 if something is wrong."""
    from nn_scratch.check.run import check_and_show

    return 0 if check_and_show(options.what, as_json=options.json) else 1
