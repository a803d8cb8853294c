"""`nn-scratch compare`: several nets side by side."""

import argparse
from pathlib import Path

from nn_scratch.cli.options import add_device, add_experiment, data_help, settings

DESCRIPTION = """\
Train several nets alike over several seeds, and put what they score and
cost side by side. Runs are kept in the folder --out and resumed from there."""


def add(commands):
    """The command's parser."""
    parser = commands.add_parser(
        "compare",
        help="train several nets over several seeds; a table and a plot",
        description=DESCRIPTION,
        epilog=data_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_experiment(parser)
    parser.add_argument("--nets", nargs="+", required=True, help="names; nn-scratch info lists all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="(default 0 1 2)")
    parser.add_argument("--out", type=Path, default=Path("comparison"))
    add_device(parser)
    return parser


def run(options):
    """Compare on the processes that were started together."""
    from nn_scratch.training import world

    ranks = world()
    with ranks.stop_together():
        return _compare(ranks, options)


def _compare(ranks, options):
    from nn_scratch.backend import choose_device
    from nn_scratch.training.compare import compare, table, write

    report = compare(
        options.task,
        options.nets,
        options.seeds,
        options.out,
        ranks=ranks,
        device=choose_device(options.device),
        **settings(options),
    )
    if ranks.rank == 0:
        paths = write(report, options.out)
        print(f"\n{table(report)}\n")
        print("\n".join(map(str, paths)))
    return 0
