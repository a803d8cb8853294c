"""A part of what `python benchmarks/random_pictures.py` tries, without drawing the figures."""

import pytest

from calls.frame import public
from calls.plotting import TABLE, picture
from nn_scratch import plotting
from random_calls import try_calls

pytestmark = pytest.mark.slow

CALLS = 3  # of each function


def test_every_public_function_is_called():
    missing = {f"plotting.{name}" for name in public("plotting")} - set(TABLE)
    assert not missing, f"no random calls of {', '.join(sorted(missing))}"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_picture_is_made_or_refused_by_name(name):
    _, faults = try_calls([name], CALLS, 1, TABLE)
    assert not faults, "\n".join(faults)


def test_figures_are_cleared_after_use(monkeypatch):
    made = []
    plot_chain = plotting.plot_chain
    monkeypatch.setattr(
        plotting, "plot_chain", lambda layers: made.append(plot_chain(layers)) or made[-1]
    )
    call = picture("plot_chain", layers=["one"])
    call.function(**call.keywords)
    assert len(made) == 1 and not made[0].axes
