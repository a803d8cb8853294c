"""`nn-scratch train`: train a net, or go on where a run was interrupted."""

import argparse
from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import add_device, add_experiment, data_help, settings
from nn_scratch.cli.tables import show_metrics

DESCRIPTION = """\
Train a net on the digit scenes or on a folder of images. Resumes where an
interrupted run stopped. `mpiexec -n 2 nn-scratch train ...` shares each batch
among two processes."""


def add(commands):
    """The command's parser."""
    parser = commands.add_parser(
        "train",
        help="train a net on the digit scenes or on your own images; resumes",
        description=DESCRIPTION,
        epilog=data_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_experiment(parser)
    parser.add_argument(
        "--net", default=argparse.SUPPRESS, help="a name; nn-scratch info lists all"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and images (default 0)")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for checkpoints, history, picture (default runs/TASK-SEED)",
    )
    add_device(parser)
    return parser


def run(options):
    """Train on the processes that were started together."""
    from nn_scratch.training import world

    ranks = world()
    with ranks.stop_together():
        return _train(ranks, options)


def _train(ranks, options):
    from nn_scratch.backend import choose_device
    from nn_scratch.training.recipes import RECIPES

    recipe = RECIPES[options.task](seed=options.seed, **settings(options))
    out = options.out or Path("runs") / f"{options.task}-{options.seed}"
    checkpoint = out / "checkpoint.npz"
    recipe.net.to(choose_device(options.device))
    history = recipe.run(checkpoint=checkpoint, validation=recipe.validation, ranks=ranks)
    if ranks.rank > 0:
        return 0
    metrics = {name: history["epochs"][-1][name] for name in recipe.task.metrics}
    report = {"settings": recipe.settings, "validation": metrics, **history}
    (out / "history.json").write_text(strict_json.dumps(report, indent=1))
    recipe.picture().savefig(out / "picture.png", dpi=110)
    show_metrics(metrics, recipe.class_names)
    for name in "checkpoint.npz", "best.npz", "history.json", "picture.png":
        print(out / name)
    return 0
