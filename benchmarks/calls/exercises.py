"""The judge of exercises, on right and wrong answers."""

import numpy as np

from calls.frame import Call, pick
from nn_scratch import exercises


def right(x):
    return np.maximum(x, 0)


def wrong(x):
    return np.abs(x)


def judged(rng):
    def fault(report, name, function, **options):
        if name != "relu" or function not in (right, wrong):
            return None
        return None if report.ok is (function is right) else f"says {report.ok}"

    # Whatever is given for a function gets a report.
    def judge(name: str, function: object, limit: float) -> object:
        return exercises.check_exercise(name, function, limit=limit)

    return Call(judge, ["relu", pick(rng, right, wrong)], {"limit": 9.0}, fault)


TABLE = {"exercises.check_exercise": judged}
