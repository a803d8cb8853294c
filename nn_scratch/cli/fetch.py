"""`nn-scratch fetch`: download a well-known data set."""

import sys
from pathlib import Path

DESCRIPTION = """\
Download a well-known data set from its own site, check it, and unpack it into a
folder for --data. An interrupted download continues where it stopped. The
authors of a data set say what it may be used for."""


def add(commands):
    """Add the command's parser."""
    from nn_scratch.data.fetch import DATA_SETS

    parser = commands.add_parser(
        "fetch",
        help="download a well-known data set",
        description=DESCRIPTION,
        epilog="\n".join(f"{name:<11} {data.title}" for name, data in DATA_SETS.items()),
    )
    parser.add_argument("name", choices=list(DATA_SETS), metavar="NAME", help=", ".join(DATA_SETS))
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where to put its folder (default: a cache)"
    )
    return parser


def run(options):
    """Fetch the data set, and print where it is and how to train on it."""
    from nn_scratch.data.fetch import DATA_SETS, fetch
    from nn_scratch.names import printable

    folder = fetch(options.name, options.to, say=lambda line: print(line, file=sys.stderr))
    print(printable(folder))
    for command in DATA_SETS[options.name].commands:
        task, _, rest = command.partition(" ")
        print(f"  nn-scratch train {task} --data {printable(folder)} {rest}")
    return 0
