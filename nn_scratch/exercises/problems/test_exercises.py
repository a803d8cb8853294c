"""`pytest` in this folder: one test for each rung of each exercise. Above a rung that fails, the
rest of its ladder is skipped."""

import pytest

from nn_scratch.exercises.workspace import Workbook

WORKBOOK = Workbook.of(__file__)


@pytest.mark.parametrize("function, rung", WORKBOOK.all_rungs())
def test_rung(function, rung):
    report = WORKBOOK.report(function)
    if not report.reached(rung):
        pytest.skip("a rung below it is wrong")
    if report.rung == rung:
        pytest.fail(f"\n{report}", pytrace=False)
