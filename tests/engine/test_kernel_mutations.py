"""Are the kernels' tests any good? Bugs are planted, one at a time, and must be caught. Here it is
every fifth bug and three races; `python benchmarks/planted_bugs.py` plants all."""

import sys

import pytest

from standin.kernels import GPLUSPLUS
from standin.planted import ADDRESSES, PLANTED, RACES, THREADS, check, outcomes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        GPLUSPLUS is None or sys.platform != "linux", reason="needs g++ and its sanitizers on Linux"
    ),
]

TOO_EARLY = RACES[1], RACES[2], RACES[4]  # a barrier is missing
SPARED = [("loss", "*top = scores", "*top  = scores")]  # alters nothing
NO_CODE = [("loss", "*top = scores", "top = scores"), ("loss", "?!", "")]  # cannot be compiled


@pytest.mark.parametrize(
    "clean, sanitizer, planted",
    [
        ({"sanitizer": "address,undefined", "library": "libasan.so"}, ADDRESSES, PLANTED[::5]),
        (THREADS, THREADS, TOO_EARLY),
    ],
    ids=["addresses", "races"],
)
def test_kernels_pass_as_they_are_and_no_planted_bug_does(clean, sanitizer, planted):
    done = check(**clean)
    if done.returncode and "LD_PRELOAD" in done.stderr:
        pytest.skip("the sanitizer's library cannot be loaded here")
    assert done.returncode == 0, done.stderr
    others = [(bug, "survived") for bug in SPARED] + [(bug, "not tried") for bug in NO_CODE]
    found = outcomes([*planted, *(bug for bug, _ in others)], **sanitizer)
    assert found == [(bug, "caught") for bug in planted] + others


def test_each_bug_is_planted_in_a_line_that_stands_there_once():
    """A bug whose line was rewritten would be planted nowhere."""
    from nn_scratch.engine.cuda import launch

    lost = [bug for bug in [*PLANTED, *RACES] if launch._source(bug[0]).count(bug[1]) != 1]
    assert not lost
