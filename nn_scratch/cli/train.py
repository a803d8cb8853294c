"""`nn-scratch train`: train a net, or continue a run that was interrupted."""

import sys
from contextlib import nullcontext
from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import add_device, add_experiment, as_options, data_help, given_settings
from nn_scratch.cli.tables import show_metrics

DESCRIPTION = """\
Train a net on the digit scenes, the photograph of coins, or a folder of images.
An interrupted run continues where it stopped. `--processes 2` divides each
batch between two processes; `mpiexec -n 2 nn-scratch train ...` does the same,
also on several machines."""
CHECKPOINTS = "checkpoint.npz", "best.npz"
HISTORY, PICTURE = "history.json", "picture.png"


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "train",
        help="train a net on digit scenes or on your own images",
        description=DESCRIPTION,
        epilog=data_help(),
    )
    add_experiment(parser)
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for checkpoints, history and picture (default runs/TASK-DATA-NET-SEED)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="divide each batch among N processes; needs mpi4py (default 1). With one process a "
        "core, a step took 0.87 to 1.08 of the time of threads (benchmarks/training.json)",
    )
    add_device(parser)
    return parser


def run(options):
    """Train, together with the other processes if there are any; the first one prints."""
    from nn_scratch.backend import choose_device
    from nn_scratch.training import world
    from nn_scratch.training.distributed import on_processes
    from nn_scratch.training.output_folder import output_folder
    from nn_scratch.training.recipes import recipe
    from nn_scratch.training.speed import what_processes_save

    if options.processes is not None:
        status = on_processes(options.processes, options.arguments)
        if status is not None:
            return status
    with as_options(), world().abort_together():
        made = recipe(options.task, **given_settings(options))
        out = options.out or _folder_of(made.settings)
        first = world().rank == 0
        if first and made.report:
            print(made.report, file=sys.stderr)
        if not (out / CHECKPOINTS[0]).exists():
            made.rehearse()
        with output_folder(out) if first else nullcontext() as folder:
            if first:
                folder.demand_free(HISTORY, PICTURE)
            device = choose_device(options.device, world().local_rank)
            if advice := what_processes_save(made, device):
                print(advice, file=sys.stderr)
            made.net.to(device)
            history = made.run(out / CHECKPOINTS[0], validation=made.validation)
            if first:
                _conclude(made, history, folder)
    return 0


def _folder_of(settings):
    """The default folder of a run."""
    from nn_scratch.training.build_net import label

    data = Path(settings.data).name or "data"
    return Path("runs") / f"{settings.task}-{data}-{label(settings.net)}-{settings.seed}"


def _conclude(recipe, history, folder):
    """Write the history and the picture of a run, and print its metrics and files."""
    from nn_scratch.names import printable

    metrics = {name: history["epochs"][-1][name] for name in recipe.task.metrics}
    settings = recipe.settings.as_dict() | recipe.facts
    report = {"settings": settings, "validation": metrics, **history}
    folder.write_text(HISTORY, strict_json.dumps(report, indent=1))
    folder.write_figure(PICTURE, recipe.picture())
    show_metrics(metrics, recipe.class_names)
    for name in (*CHECKPOINTS, HISTORY, PICTURE):
        print(printable(folder.path / name))
