"""The plain loops, against the ops: the same calls as those of calls/ops.py, small enough."""

import numpy as np

from calls.frame import Call, difference
from calls.ops import MAKERS
from nn_scratch import naive, ops


def call(name, make):
    """A maker of calls of a loop from one of its arguments."""

    def fault(result, *positional, **keywords):
        with np.errstate(all="ignore"):
            return difference(getattr(ops, name)(*positional, **keywords), result)

    def made(rng):
        positional, keywords = make(rng)
        keywords = {
            key: min(value, 50) if key == "stride" else value for key, value in keywords.items()
        }
        return Call(getattr(naive, name), positional, keywords, fault, sure=False)

    return made


TABLE = {f"naive.{name}": call(name, make) for name, make in MAKERS.items()}
