"""Sharing work: order, errors, BLAS limits, forks."""

import contextlib
import gc
import os
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import threadpoolctl

from nn_scratch.engine.cpu.threads import parallel_for, thread_count, workspace


def blas_threads():
    return [
        lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"
    ]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order_and_every_task_once(threads, monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(threads))
    for count in 0, 1, 2, 7, 100:
        parts = parallel_for(list, list(range(count)))
        assert [task for part in parts for task in part] == list(range(count))
        assert len(parts) == max(1, min(threads, count))


def test_work_really_runs_side_by_side(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "3")
    barrier = threading.Barrier(3, timeout=10)
    assert len(parallel_for(lambda part: barrier.wait(), [1, 2, 3])) == 3


def test_blas_is_held_and_its_limit_restored(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        inside = parallel_for(lambda part: blas_threads(), [1, 2])
        assert all(limits == [1] * len(before) for limits in inside)
        assert blas_threads() == before


def test_limits_are_restored_after_an_error_and_the_error_arrives(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")

    def fail(part):
        raise ArithmeticError(part)

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with pytest.raises(ArithmeticError):
            parallel_for(fail, [1, 2])
        with pytest.raises(ArithmeticError, match=r"\[2\]"):
            parallel_for(lambda part: fail(part) if 2 in part else None, [1, 2])
        assert blas_threads() == before


def test_after_an_error_nothing_holds_on_to_the_arrays(monkeypatch):
    """Without waiting for the garbage collector: a call that fails may be followed by many."""
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")

    def call():
        array = np.zeros(7)

        def fail(part):
            raise ArithmeticError(array)

        seen.append(weakref.ref(array))
        with contextlib.suppress(ArithmeticError):
            parallel_for(fail, [1, 2])

    seen = []
    gc.collect()
    gc.disable()
    try:
        call()
        parallel_for(list, [1, 2])  # the other thread does something else
        assert seen[0]() is None
    finally:
        gc.enable()


def test_callers_from_several_threads_take_turns_and_leave_the_limit_as_it_was(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")
    before, inside, crowds, limits = blas_threads(), [], [], []

    def work(part):
        inside.append(threading.get_ident())
        crowds.append(len(inside))
        limits.extend(blas_threads())
        inside.pop()

    callers = [
        threading.Thread(target=lambda: [parallel_for(work, [1, 2, 3]) for _ in range(20)])
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert max(crowds) <= 2
    assert set(limits) == {1}
    assert blas_threads() == before


def test_thread_count(monkeypatch):
    monkeypatch.delenv("NN_SCRATCH_THREADS", raising=False)
    assert 1 <= thread_count() <= (os.cpu_count() or 1)
    for wrong in "0", "-1", "many":
        monkeypatch.setenv("NN_SCRATCH_THREADS", wrong)
        with pytest.raises(ValueError, match="NN_SCRATCH_THREADS is"):
            thread_count()


def test_workspaces_are_reused_and_private():
    first = workspace("test", (3, 4), np.float32)
    first[...] = 7
    again = workspace("test", (2, 5), np.float32)
    assert np.shares_memory(first, again) and again.shape == (2, 5)
    others = []
    other = threading.Thread(target=lambda: others.append(workspace("test", (3, 4), np.float32)))
    other.start()
    other.join()
    assert not np.shares_memory(first, others[0])


FORK = """
import os
import numpy as np
from nn_scratch import ops
x, w = np.ones((8, 8, 40, 40), np.float32), np.ones((8, 8, 3, 3), np.float32)
expected = ops.conv2d(x, w)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(ops.conv2d(x, w), expected) else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_after_a_fork():
    environment = {**os.environ, "NN_SCRATCH_THREADS": "2"}
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60, env=environment)
