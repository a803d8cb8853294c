"""Gradient checks, for this library's passes and for yours."""

from nn_scratch.check.adjoint import check_adjoint
from nn_scratch.check.climb import check_exercise
from nn_scratch.check.gradient import check_gradients
from nn_scratch.check.matrix import as_matrix

__all__ = ["as_matrix", "check_adjoint", "check_exercise", "check_gradients"]
