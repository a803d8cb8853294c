"""`nn-scratch info`: versions and hardware of this installation, or the costs of a net."""

import argparse
import os
import platform
from pathlib import Path
from textwrap import fill

from nn_scratch.cli.options import UsageError, as_options, task_names

WIDTH = 80


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "info", help="show versions, BLAS, threads and GPU; or the costs of a net"
    )
    parser.add_argument(
        "task",
        nargs="?",
        choices=task_names(),
        help="list the nets for this task, and show the costs of one for one training batch, "
        "layer by layer",
    )
    parser.add_argument(
        "--net",
        default=argparse.SUPPRESS,
        help="the net to show, by name or as FILE.py:NAME (default: the one that train takes)",
    )
    parser.add_argument("--draw", type=Path, metavar="FILE.png", help="also draw this net")
    return parser


def run(options):
    """Print facts about the installation, or the costs of a net and the names of all nets."""
    from nn_scratch.training import TASKS

    chosen = {"net": options.net} if "net" in options else {}
    if options.task:
        with as_options():
            print(_net_cost(options.task, chosen, options.draw))
        names = f"nets for {options.task}: {', '.join(TASKS[options.task].nets)}"
        print("\n" + fill(names, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
        return 0
    if chosen or options.draw:
        what = "--net" if chosen else "--draw"
        raise UsageError(f"{what}: for which task? nn-scratch info {'|'.join(TASKS)} --net NET")
    for what, value in _installation():
        print(f"{what:<12}{value}")
    return 0


def _installation():
    """Pairs (what, value) about the installation."""
    import matplotlib
    import numpy as np
    import threadpoolctl

    import nn_scratch
    from nn_scratch.backend import why_no_gpu
    from nn_scratch.engine import current
    from nn_scratch.engine.cpu.threads import thread_count

    blas = [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]
    libraries = ", ".join(
        f"{lib['internal_api']} {lib['version']}, {lib['num_threads']} threads" for lib in blas
    )
    reason = why_no_gpu()
    return [
        ("nn_scratch", f"{nn_scratch.__version__} in {os.path.dirname(nn_scratch.__file__)}"),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("NumPy", np.__version__),
        ("matplotlib", matplotlib.__version__),
        ("BLAS", libraries or "none found"),
        ("engine", f"{current()} (NN_SCRATCH_ENGINE=fast or plain)"),
        ("threads", f"{thread_count()} of {os.cpu_count()} cores (NN_SCRATCH_THREADS sets them)"),
        ("GPU", _gpu_name() if reason is None else f"not used: {reason}"),
    ]


def _net_cost(task, chosen, drawing):
    """The costs of a net for one training batch, as a table. If `drawing` names a file, the net is
    drawn there."""
    from nn_scratch.graph.cost import cost, cost_table
    from nn_scratch.plotting import plot_net
    from nn_scratch.training.build_net import errors_of
    from nn_scratch.training.output_folder import output_folder
    from nn_scratch.training.recipes import recipe

    made = recipe(task, **chosen)
    images = next(iter(made.train.batches()))[0]
    with errors_of(made.settings.net):
        table = cost_table(cost(made.net, images))
        if drawing is not None:
            with output_folder(drawing.parent) as folder:
                folder.write_figure(drawing.name, plot_net(made.net.eval(), images, channels=0))
    return table


def _gpu_name():
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"{name}, CuPy {cupy.__version__}"
