"""Exercises: blanks to fill, cases that judge them, and names for what is wrong."""

from nn_scratch.exercises.grade import check_exercise

__all__ = ["check_exercise"]
