"""Work shared among threads, and the memory that each thread reuses.

NumPy releases the interpreter lock inside its loops and BLAS, so threads do run side by side. While
`parallel_for` runs, BLAS is held to one thread for the whole process (a BLAS that starts threads of
its own under ours would fight for the same cores, and OpenBLAS's go on spinning for a tenth of a
second after the last product); afterwards its limit is what it was. Calls from several threads of
yours take turns.

NN_SCRATCH_THREADS sets the number of threads; the default is every core this process may use.
"""

import os
import threading
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import pairwise
from math import prod
from queue import Empty, SimpleQueue

import numpy as np
from threadpoolctl import ThreadpoolController

ALONE = 1 << 18  # multiplications of a product up to which OpenBLAS takes one thread

_local = threading.local()
_one_at_a_time = threading.RLock()  # limits nested by different threads would not be restored


class ThreadsError(ValueError):
    """A number of threads that cannot be meant."""


def thread_count():
    """How many threads `parallel_for` uses."""
    wanted = os.environ.get("NN_SCRATCH_THREADS", "")
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise ThreadsError(f"NN_SCRATCH_THREADS is {wanted!r}, but must be a number from 1 on")
        return int(wanted)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def parallel_for(work, tasks, products=None):
    """Call work(part of the tasks) in every thread; returns the results, in the tasks' order.

    Each part is a contiguous run of tasks that depends on their number and the number of threads
    alone, so results do not depend on timing. The caller's thread takes the first part, and then
    what no other has begun: a thread that sleeps needs a tenth of a millisecond to wake up. A
    single task with so few `products`, the multiplications that it gives BLAS, that BLAS stays on
    one thread by itself, is done at once.
    """
    if len(tasks) == 1 and products is not None and products <= ALONE:
        return [work(tasks)]
    threads = max(1, min(thread_count(), len(tasks)))
    cuts = [len(tasks) * i // threads for i in range(threads + 1)]
    parts = [tasks[a:b] for a, b in pairwise(cuts)]
    results, errors, done = [None] * threads, [], SimpleQueue()

    def do(i):
        try:
            results[i] = work(parts[i])
        except BaseException as error:  # the caller's thread raises it
            errors.append(error)
        done.put(i)

    with one_blas_thread():
        jobs = _jobs_of_threads(threads - 1)
        for i in range(1, threads):
            jobs.put(partial(do, i))
        do(0)
        with suppress(Empty):
            while True:
                jobs.get_nowait()()
        for _ in parts:  # also after an error: the other threads write into the caller's arrays
            done.get()
    if errors:
        del errors[1:]
        raise errors.pop()  # kept in the list, it would keep this call and its arrays alive
    return results


def for_each(work, tasks, products=None):
    """Call work(task) for every task, as parallel_for does it."""
    parallel_for(lambda part: [work(task) for task in part], tasks, products)


@contextmanager
def one_blas_thread():
    """Hold BLAS to one thread, in the whole process; afterwards its limit is what it was."""
    with _one_at_a_time:
        if all(library.get_num_threads() == 1 for library in _blas().lib_controllers):
            yield  # asking takes a tenth of the time of limiting
        else:
            with _blas().limit(limits=1):
                yield


def workspace(name, shape, dtype):
    """An array of this thread's own, with arbitrary content, reused under the same name.

    Fresh memory costs page faults: several times what it costs to fill it.
    """
    arrays = _local.__dict__.setdefault("workspaces", {})
    size = prod(shape) * np.dtype(dtype).itemsize
    if name not in arrays or arrays[name].nbytes < size:
        arrays[name] = np.empty(size, np.uint8)
    return arrays[name][:size].view(dtype).reshape(shape)


@cache
def _blas():
    """The BLAS libraries in this process. Finding them takes 20 times as long as limiting them."""
    return ThreadpoolController().select(user_api="blas")


@cache
def _jobs_of_threads(count):
    """The queue of so many threads, which call what is put into it."""
    jobs = SimpleQueue()

    def serve():
        while True:
            jobs.get()()

    for i in range(count):
        threading.Thread(target=serve, name=f"nn_scratch_{i}", daemon=True).start()
    return jobs


def _after_fork():
    """A forked child has the queue, but not its threads, and perhaps a lock that is held."""
    global _one_at_a_time
    _one_at_a_time = threading.RLock()
    _jobs_of_threads.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
