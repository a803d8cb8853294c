"""Work shared among threads, and the memory that each thread reuses.

NumPy releases the interpreter lock inside its loops and BLAS, so threads do run side by side. While
`share` runs, BLAS is held to one thread for the whole process (a BLAS that starts threads of its
own under ours would fight for the same cores); afterwards its limit is what it was.

NN_SCRATCH_THREADS sets the number of threads; the default is every core this process may use.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from math import prod

import numpy as np
from threadpoolctl import ThreadpoolController

_local = threading.local()


def thread_count():
    """How many threads `share` uses."""
    wanted = os.environ.get("NN_SCRATCH_THREADS", "")
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise ValueError(f"NN_SCRATCH_THREADS is {wanted!r}, but must be a number from 1 on")
        return int(wanted)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def share(work, tasks):
    """Call work(part of the tasks) in every thread; returns the results, in the tasks' order.

    Each part is a contiguous run of tasks that depends on their number and the number of threads
    alone, so results do not depend on timing. The caller's thread takes the first part.
    """
    threads = min(thread_count(), len(tasks))
    if threads <= 1:
        return [work(tasks)]
    cuts = [len(tasks) * i // threads for i in range(threads + 1)]
    parts = [tasks[a:b] for a, b in pairwise(cuts)]
    with _blas_held:
        others = [_pool(threads - 1).submit(work, part) for part in parts[1:]]
        results = [work(parts[0])]
        return results + [other.result() for other in others]


def workspace(name, shape, dtype):
    """An array of this thread's own, with arbitrary content, reused under the same name.

    Fresh memory costs page faults: several times what it costs to fill it.
    """
    arrays = _local.__dict__.setdefault("workspaces", {})
    size = prod(shape) * np.dtype(dtype).itemsize
    if name not in arrays or arrays[name].nbytes < size:
        arrays[name] = np.empty(size, np.uint8)
    return arrays[name][:size].view(dtype).reshape(shape)


class _BlasHeld:
    """Holds BLAS to one thread while anybody is inside; the last one out restores its limit."""

    def __init__(self):
        self.lock = threading.Lock()
        self.inside = 0
        self.controller = None
        self.limit = None

    def __enter__(self):
        with self.lock:
            if self.inside == 0:
                # Finding the libraries takes 20 times as long as limiting them: do it once.
                self.controller = self.controller or ThreadpoolController()
                self.limit = self.controller.limit(limits=1, user_api="blas")
            self.inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.limit.restore_original_limits()


_blas_held = _BlasHeld()


@lru_cache(maxsize=4)
def _pool(threads):
    return ThreadPoolExecutor(threads, thread_name_prefix="nn_scratch")


if hasattr(os, "register_at_fork"):  # a forked child has the pool's queue, but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
