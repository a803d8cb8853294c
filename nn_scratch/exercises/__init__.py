"""Exercises: functions with blanks, cases that judge them, and names for known mistakes."""

from nn_scratch.exercises.grade import check_exercise

__all__ = ["check_exercise"]
