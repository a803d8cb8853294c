"""`nn-scratch train`: train a net, or go on where a run was interrupted."""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import add_device, add_experiment, as_options, data_help, given_settings
from nn_scratch.cli.tables import show_metrics

DESCRIPTION = """\
Train a net on the digit scenes or on a folder of images. Resumes where an
interrupted run stopped. `--processes 2` shares each batch among two processes,
as `mpiexec -n 2 nn-scratch train ...` does, also on several machines."""
CHECKPOINTS = "checkpoint.npz", "best.npz"
HISTORY, PICTURE = "history.json", "picture.png"


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
        "--out",
        type=Path,
        help="folder for checkpoints, history, picture (default runs/TASK-DATA-NET-SEED)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        help="share each batch among so many; needs mpi4py (default 1). With one a core, a step "
        "took 0.75 to 0.86 of the time of threads (benchmarks/training.json)",
    )
    add_device(parser)
    return parser


def run(options):
    """Train, on the processes that were started together; the first one writes and speaks."""
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
        one = recipe(options.task, **given_settings(options))
        out = options.out or _folder_of(one.settings)
        first = world().rank == 0
        if first and one.report:
            print(one.report, file=sys.stderr)
        if not (out / CHECKPOINTS[0]).exists():
            one.rehearse()
        with output_folder(out) if first else nullcontext() as folder:
            if first:
                folder.demand_free(HISTORY, PICTURE)
            device = choose_device(options.device, world().local_rank)
            if advice := what_processes_save(one, device):
                print(advice, file=sys.stderr)
            one.net.to(device)
            history = one.run(out / CHECKPOINTS[0], validation=one.validation)
            if first:
                _conclude(one, history, folder)
    return 0


def _folder_of(settings):
    """The run's folder, if none is named."""
    from nn_scratch.training.build_net import label

    data = Path(settings.data).name or "data"
    return Path("runs") / f"{settings.task}-{data}-{label(settings.net)}-{settings.seed}"


def _conclude(one, history, folder):
    """Write what the run reached, and show it."""
    from nn_scratch.names import printable

    metrics = {name: history["epochs"][-1][name] for name in one.task.metrics}
    settings = one.settings.as_dict() | one.facts
    report = {"settings": settings, "validation": metrics, **history}
    folder.write_text(HISTORY, strict_json.dumps(report, indent=1))
    folder.write_figure(PICTURE, one.picture())
    show_metrics(metrics, one.class_names)
    for name in (*CHECKPOINTS, HISTORY, PICTURE):
        print(printable(folder.path / name))
