"""`nn-scratch compare`: several nets side by side."""

import argparse
from pathlib import Path

from nn_scratch.cli.options import add_device, add_experiment, as_options, data_help, given_settings

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
    add_experiment(parser, without=("net", "seed"))
    parser.add_argument(
        "--nets",
        "--net",
        nargs="+",
        required=True,
        help="names (`nn-scratch info TASK` lists them), or FILE.py:NAME for nets of your own",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="(default 0 1 2)")
    parser.add_argument(
        "--out", type=Path, help="folder for all runs (default comparisons/TASK-DATA)"
    )
    add_device(parser)
    return parser


def run(options):
    """Compare, on the processes that were started together; the first one writes and speaks."""
    from nn_scratch.backend import choose_device
    from nn_scratch.training import world
    from nn_scratch.training.compare import compare, table, write

    settings = given_settings(options)
    out = options.out or _folder_of(options.task, settings)
    with as_options(), world().abort_together():
        device = choose_device(options.device, world().local_rank)
        report = compare(options.task, options.nets, options.seeds, out, device=device, **settings)
        if world().rank == 0:
            paths = write(report, out)
            print(f"\n{table(report)}\n")
            print("\n".join(map(str, paths)))
    return 0


def _folder_of(task, settings):
    """The folder, if none is named."""
    from nn_scratch.data.sources import DIGITS

    data = Path(settings.get("data", DIGITS)).resolve().name or "data"
    return Path("comparisons") / f"{task}-{data}"
