"""`nn-scratch compare`: train several nets, and compare their metrics and costs."""

from pathlib import Path

from nn_scratch.cli.options import add_device, add_experiment, as_options, data_help, given_settings

DESCRIPTION = """\
Train several nets in the same way with several seeds, and compare their metrics
and costs in a table and a plot. All runs are saved in the folder --out, and
continued from there."""


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "compare",
        help="train several nets with several seeds, and compare them",
        description=DESCRIPTION,
        epilog=data_help(),
    )
    add_experiment(parser, without=("net", "seed"))
    parser.add_argument(
        "--nets",
        "--net",
        nargs="+",
        required=True,
        metavar="NET",
        help="names (`nn-scratch info TASK` lists them), or FILE.py:NAME for nets of your own",
    )
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N", help="(default 0 1 2)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder for all runs (default comparisons/TASK-DATA)"
    )
    add_device(parser)
    return parser


def run(options):
    """Compare, together with the other processes if there are any; the first one prints."""
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
    """The default folder of a comparison."""
    from nn_scratch.data.sources import DIGITS

    data = Path(settings.get("data", DIGITS)).resolve().name or "data"
    return Path("comparisons") / f"{task}-{data}"
