"""`pytest` in this folder: one test for each case of each exercise. After a case that fails, the
rest of the exercise's cases are skipped."""

import pytest

from nn_scratch.exercises.workspace import Workbook

WORKBOOK = Workbook.of(__file__)


@pytest.mark.parametrize("function, case", WORKBOOK.all_cases())
def test_case(function, case):
    report = WORKBOOK.report(function)
    if not report.reached(case):
        pytest.skip("an earlier case is wrong")
    if report.case == case:
        pytest.fail(f"\n{report}", pytrace=False)
