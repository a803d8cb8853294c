"""Gradient checks, for this library's passes and for yours."""

from nn_scratch.check.adjoint import check_adjoint
from nn_scratch.check.gradients import check_gradients
from nn_scratch.check.matrix import as_matrix

__all__ = ["as_matrix", "check_adjoint", "check_gradients"]
