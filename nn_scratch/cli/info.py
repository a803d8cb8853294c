"""What this installation computes with: versions, BLAS, threads, GPU."""

import os
import platform

import matplotlib
import numpy as np
import threadpoolctl

import nn_scratch
from nn_scratch.backend import why_no_gpu
from nn_scratch.engine.cpu.threads import thread_count


def info():
    """Pairs (what, value) for `nn-scratch info`."""
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
        ("threads", f"{thread_count()} of {os.cpu_count()} cores (NN_SCRATCH_THREADS sets them)"),
        ("GPU", _gpu_name() if reason is None else f"not used: {reason}"),
    ]


def net_cost(task, **settings):
    """What the recipe's net costs, for one training batch, as text."""
    from nn_scratch.graph.cost import cost, cost_table
    from nn_scratch.training.recipes import RECIPES

    recipe = RECIPES[task](**settings)
    images = next(iter(recipe.train.batches()))[0]
    return cost_table(cost(recipe.net, images))


def _gpu_name():
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"{name}, CuPy {cupy.__version__}"
