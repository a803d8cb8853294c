"""The checks: of right layers and pairs they say so, of wrong ones too."""

import numpy as np

from calls.frame import Call, difference, pick, values
from nn_scratch import check, layers, ops


def wrong_slope(dy, x):
    """A ReLU's backward pass that lets everything through."""
    return 2 * dy


def target(rng):
    """(a layer or a pair, whether it is right)."""
    return pick(
        rng,
        (layers.ReLU(), True),
        (layers.Linear(3, 2, rng=0), True),
        ((ops.relu, ops.relu_backward), True),
        ((ops.relu, wrong_slope), False),
    )


def checked(name):
    def make(rng):
        what, right = target(rng)

        def fault(report, given, *inputs, **options):
            known = report.ok is None or report.ok is right
            return None if known else f"says {report.ok} of what is {right}"

        options = {"rtol": 1e-6, "seed": int(rng.integers(9))}
        names = "dy", "x"  # those of the passes' own arguments
        return Call(getattr(check, name), [what, values(rng, 4, 3)], options, fault, names=names)

    return make


def matrix(rng):
    a = values(rng, 4, 6)

    def fault(found, f, input_shape):
        return difference(found, a) if np.prod(input_shape) == 6 else None

    def product(x):
        return a @ x.ravel()

    return Call(check.as_matrix, [product, pick(rng, (2, 3), (6,))], {}, fault)


TABLE = {
    "check.as_matrix": matrix,
    "check.check_adjoint": checked("check_adjoint"),
    "check.check_gradients": checked("check_gradients"),
}
