"""The plain engine can be chosen, and then it computes everything."""

import inspect
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers import draw
from nn_scratch import engine, ops
from nn_scratch.engine import plain

X, DY, W = draw(2, 3, 6, 7), draw(2, 3, 6, 7, seed=1), draw(4, 3, 3, 2, seed=2)
LABELS = np.zeros((2, 6, 7), int)
HEAT = (X.max(axis=(2, 3), keepdims=True) == X).astype(X.dtype)
PER_CHANNEL = draw(3, seed=3)
SWITCHES = np.arange(2 * 3 * 9).reshape(2, 3, 3, 3) % 42
CALLS = {
    "adaptive_avg_pool2d": (X, (3, 4)),
    "adaptive_avg_pool2d_backward": (DY, (9, 8)),
    "avg_pool2d": (X, 2),
    "avg_pool2d_backward": (DY, (12, 14), 2),
    "batch_norm2d": (X, PER_CHANNEL, PER_CHANNEL, PER_CHANNEL, PER_CHANNEL**2),
    "batch_norm2d_backward": (DY, X, PER_CHANNEL, (PER_CHANNEL, PER_CHANNEL**2)),
    "bed_of_nails_unpool2d": (X, 2),
    "bed_of_nails_unpool2d_backward": (DY, (2, 7)),
    "bilinear_upsample2d": (X, (9, 8)),
    "bilinear_upsample2d_backward": (DY, (5, 4)),
    "conv2d": (X, W),
    "conv2d_backward": (draw(2, 4, 4, 6), X, W),
    "conv_transpose2d": (draw(2, 4, 4, 6), W),
    "conv_transpose2d_backward": (DY, draw(2, 4, 4, 6), W),
    "cross_entropy": (X, LABELS),
    "cross_entropy_backward": (X, LABELS),
    "focal_loss": (X, HEAT),
    "focal_loss_backward": (X, HEAT),
    "masked_l1_loss": (X, DY, HEAT[:, 0] == 1),
    "masked_l1_loss_backward": (X, DY, HEAT[:, 0] == 1),
    "sigmoid_focal_loss": (X, HEAT.round()),
    "sigmoid_focal_loss_backward": (X, HEAT.round()),
    "linear": (draw(2, 3), draw(4, 3)),
    "linear_backward": (draw(2, 4), draw(2, 3), draw(4, 3)),
    "max_pool2d": (X, 2),
    "max_pool2d_backward": (draw(2, 3, 3, 3), SWITCHES, (6, 7)),
    "max_unpool2d": (draw(2, 3, 3, 3), SWITCHES, (6, 7)),
    "max_unpool2d_backward": (DY, SWITCHES),
    "mse_loss": (X, DY),
    "mse_loss_backward": (X, DY),
    "nearest_unpool2d": (X, 2),
    "nearest_unpool2d_backward": (DY, (2, 7)),
    "relu": (X,),
    "relu_backward": (DY, X),
    "leaky_relu": (X,),
    "leaky_relu_backward": (DY, X),
    "sigmoid": (X,),
    "sigmoid_backward": (DY, X),
    "smooth_l1_loss": (X, DY),
    "smooth_l1_loss_backward": (X, DY),
    "softmax": (X,),
    "softmax_backward": (DY, X),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_op_goes_through_the_plain_engine(name, monkeypatch):
    """It gives the same, and with the primitives broken it gives nothing."""
    fast = getattr(ops, name)(*CALLS[name])
    for primitive, function in inspect.getmembers(plain, inspect.isfunction):
        if function.__module__ == plain.__name__:
            monkeypatch.setattr(plain, primitive, _broken)
    with engine.use("plain"), pytest.raises(ArithmeticError, match="broken"):
        getattr(ops, name)(*CALLS[name])
    monkeypatch.undo()
    with engine.use("plain"):
        for one, other in zip(_flat(getattr(ops, name)(*CALLS[name])), _flat(fast), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_no_op_is_left_out():
    assert set(CALLS) == set(ops.__all__)


def test_using_an_engine():
    before = engine.current()
    with engine.use("plain"):
        assert engine.current() == "plain" and engine.engine_of(X) is plain
        with engine.use("fast"):
            assert engine.current() == "fast" and engine.engine_of(X) is engine.cpu
        assert engine.current() == "plain"
    assert engine.current() == before
    engine.use("plain")
    assert engine.current() == "plain"
    engine.use(before)
    for wrong in "slow", "", None, "PLAIN":
        with pytest.raises(ValueError, match=r'the engine is .*, but must be "fast" or "plain"'):
            engine.use(wrong)
    assert engine.current() == before


BREAK = """
import inspect, sys
from nn_scratch.engine import plain

def broken(*arguments, **options):
    raise ArithmeticError("broken")

for name, function in inspect.getmembers(plain, inspect.isfunction):
    if function.__module__ == plain.__name__:
        setattr(plain, name, broken)
from nn_scratch.check.cases import catalogue
from nn_scratch.check.run import run_case
for case in catalogue():
    try:
        print(case.name, run_case(case).ok)
    except ArithmeticError:
        print(case.name, False)
from nn_scratch.cli.main import main
sys.exit(main(["check"]))
"""


def test_with_the_plain_engine_broken_every_check_fails():
    """All but layers that compute nothing, or nothing but a sum or a product of two arrays."""
    done = _run(sys.executable, "-c", BREAK)
    results = [line.split() for line in done.stdout.splitlines() if len(line.split()) == 2]
    assert len(results) > 40
    assert [name for name, ok in results if ok == "True"] == [
        "ZeroPad2d",
        "Dropout",
        "Flatten",
        "Add",
        "Concat",
    ]
    assert done.returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("name, status", [("plain", 0), ("fast", 0), ("turbo", 2)])
def test_the_environment_chooses_and_info_says_which(name, status):
    done = _run(sys.executable, "-m", "nn_scratch", "info", engine=name)
    assert done.returncode == status
    if status:
        assert "NN_SCRATCH_ENGINE is 'turbo'" in done.stderr and "Traceback" not in done.stderr
    else:
        line = next(line for line in done.stdout.splitlines() if line.startswith("engine"))
        assert line.split()[1] == name


def _run(*command, engine="plain"):
    environment = {**os.environ, "NN_SCRATCH_ENGINE": engine}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240)


def _broken(*arguments, **options):
    raise ArithmeticError("broken")


def _flat(value):
    return [part for v in value for part in _flat(v)] if isinstance(value, tuple) else [value]
