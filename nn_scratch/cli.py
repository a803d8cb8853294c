"""The command line: nn-scratch demo | check | train | info."""

import argparse
import json
import sys
from pathlib import Path

import nn_scratch

CHECK_HELP = """\
what to check:
  nn-scratch check                      every op, layer and net of the library
  nn-scratch check conv2d               one of them
  nn-scratch check my.py:MyLayer        a layer of your own file
  nn-scratch check my.py:my_op          functions my_op and my_op_backward of your own file

Your file may say on what, with a function example() that returns the inputs as a tuple, for
instance (np.ones((2, 3, 8, 7)),); a layer may come first, a dict of options last.
"""


def main(arguments=None):
    """Run a command; returns the exit status: 0 fine, 1 a check failed, 2 a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except _expected_errors() as error:
        print(f"nn-scratch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnn-scratch: interrupted", file=sys.stderr)
        return 130


def _expected_errors():
    from nn_scratch.check.user_code import UserCodeError
    from nn_scratch.training import CheckpointError, DivergedError, RanksError

    return UserCodeError, CheckpointError, DivergedError, RanksError


def _parser():
    parser = argparse.ArgumentParser(
        prog="nn-scratch",
        description="Segmentation and localization networks, built by hand in NumPy.",
    )
    parser.add_argument(
        "--version", action="version", version=f"nn-scratch {nn_scratch.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="check gradients, train two small nets, draw pictures")
    demo.add_argument("--quick", action="store_true", help="a version of about 20 seconds")
    demo.add_argument("--seed", type=int, default=0, help="of weights and scenes (default 0)")
    demo.add_argument("--out", type=Path, default="demo", help="folder for pictures (default demo)")
    demo.set_defaults(run=_demo)

    check = commands.add_parser(
        "check",
        help="check gradients: the library's or your own",
        epilog=CHECK_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("what", nargs="?", help="an op, a layer, or FILE.py:NAME (default: all)")
    check.add_argument("--json", action="store_true", help="print JSON, for a grader")
    check.set_defaults(run=_check)

    train = commands.add_parser(
        "train",
        help="train a net on the digit scenes; resumes",
        description="Train a net on the digit scenes. Resumes where an interrupted run stopped. "
        "`mpiexec -n 2 nn-scratch train ...` shares each batch among two processes.",
    )
    train.add_argument("task", choices=("segmentation", "localization"))
    train.add_argument("--epochs", type=int, help="passes over the scenes")
    train.add_argument("--scenes", type=int, help="scenes per pass")
    train.add_argument("--seed", type=int, default=0, help="of weights and scenes (default 0)")
    train.add_argument(
        "--out", type=Path, help="folder for checkpoint, history, picture (default runs/TASK-SEED)"
    )
    train.set_defaults(run=_train)

    info = commands.add_parser(
        "info", help="versions, BLAS, threads, whether a GPU is usable; or what a net costs"
    )
    info.add_argument(
        "task",
        nargs="?",
        choices=("segmentation", "localization"),
        help="show the net that is trained for it, layer by layer, for one training batch",
    )
    info.set_defaults(run=_info)
    return parser


def _demo(options):
    from nn_scratch.demo import demo

    return 0 if demo(options.out, seed=options.seed, quick=options.quick) else 1


def _check(options):
    from nn_scratch.check.suite import check_and_show

    return 0 if check_and_show(options.what, as_json=options.json) else 1


def _train(options):
    from nn_scratch.training import world

    ranks = world()
    with ranks.stop_together():
        return _train_on(ranks, options)


def _train_on(ranks, options):
    from nn_scratch.training.recipes import RECIPES

    chosen = {n: getattr(options, n) for n in ("epochs", "scenes") if getattr(options, n)}
    recipe = RECIPES[options.task](seed=options.seed, **chosen)
    out = options.out or Path("runs") / f"{options.task}-{options.seed}"
    history = recipe.run(checkpoint=out / "checkpoint.npz", validation=recipe.test, ranks=ranks)
    metrics = recipe.evaluate(ranks)
    if ranks.rank > 0:
        return 0
    report = {"settings": recipe.settings, "test": metrics, **history}
    (out / "history.json").write_text(json.dumps(report, indent=1))
    recipe.picture().savefig(out / "picture.png", dpi=110)
    for name, value in metrics.items():
        if isinstance(value, float):
            print(f"{name.replace('_', ' '):<24}{value:.3f}")
    for name in "checkpoint.npz", "history.json", "picture.png":
        print(out / name)
    return 0


def _info(options):
    from nn_scratch.info import info, net_cost

    if options.task:
        print(net_cost(options.task))
        return 0
    for what, value in info():
        print(f"{what:<12}{value}")
    return 0
