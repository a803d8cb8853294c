"""What all benchmarks say about the machine they ran on, and how they compare."""

import platform
import resource
import sys
import time
from math import exp, log
from pathlib import Path

import numpy as np

from nn_scratch.engine.cpu.threads import thread_count


def machine():
    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), cpu)
    return {
        "cpu": cpu,
        "threads": thread_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def peak_bytes():
    """The most memory that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss: bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def geometric_mean(values):
    return exp(sum(map(log, values)) / len(values))
