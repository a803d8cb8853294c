"""Exercises: functions for a student to write, and their right results.

The right results are computed by the loops of `nn_scratch.naive`, never by the ops, because a
student may be editing the ops.
"""

import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises import cases, definitions, sandbox
from nn_scratch.exercises.cases import Case

EXACT, ROUNDED = 1e-9, 1e-6  # the largest relative errors of linear ops, and of others
SMALLEST = 1e-3  # errors are relative to the largest value of a result, or to this if it is larger


@dataclass
class Exercise:
    """A function to write.

    arguments: the names of the case's values that it is called with, besides the case's options.
    results: the names of its results. definition: a function that gives the right ones.
    gradient_of: for a backward pass, the value whose gradient each result is.
    lesson: where the function is derived.
    """

    name: str
    arguments: tuple
    results: tuple
    make_cases: Callable
    lesson: str
    definition: Callable
    gradient_of: dict = field(default_factory=dict)
    linear: bool = True
    keywords: bool = True  # whether it is called with the case's options
    returns: str = ""  # the returned tuple in words, if it contains tuples

    @property
    def tolerance(self):
        """The largest relative error that counts as right."""
        return EXACT if self.linear else ROUNDED

    def wrong(self, found, right):
        """Which elements of a result are wrong."""
        return np.abs(found - right) > self.tolerance * size_of(right)

    @cached_property
    def trials(self):
        """The Trials of the exercise, one for each case, in order."""
        known = inspect.signature(self.definition).parameters
        found = [case for case in self.make_cases() if case.needs is None or case.needs in known]
        return [Trial(self, case) for case in found]


def size_of(right):
    """The size that errors of a result are relative to."""
    return max(float(np.abs(right).max(initial=0)), SMALLEST)


class Trial:
    """An exercise on one of its cases."""

    def __init__(self, exercise, case: Case):
        self.exercise, self.case = exercise, case
        self.values, self.options = case.values, case.options
        self._solved: dict[bytes, dict] = {}  # results by changes

    def __getitem__(self, name):
        """A value or an option of the case."""
        return self.values[name] if name in self.values else self.options[name]

    @property
    def op(self):
        """The name of the exercise without "_backward"."""
        return self.exercise.name.removesuffix("_backward")

    @property
    def call(self):
        """The positional arguments and the keyword arguments of a call."""
        options = self.options if self.exercise.keywords else {}
        return [self.values[name] for name in self.exercise.arguments], options

    @cached_property
    def right(self):
        """The right results by name, computed once."""
        return self.solve()

    def solve(self, **changes):
        """The right results by name, with some values or options changed.

        They are computed once and kept: the loops are slow, and every attempt at an exercise asks
        for the same changes.
        """
        key = pickle.dumps(changes)
        if key not in self._solved:
            self._solved[key] = self._computed(changes)
        return {name: result.copy() for name, result in self._solved[key].items()}

    def _computed(self, changes):
        """The results of the exercise's definition."""
        values = {name: changes.pop(name, value) for name, value in self.values.items()}
        options = {**self.options, **changes} if self.exercise.keywords else {}
        arguments = [values[name] for name in self.exercise.arguments]
        results = sandbox.flat(self.exercise.definition(*arguments, **options))
        return {name: np.asarray(r) for name, r in zip(self.exercise.results, results, strict=True)}

    def pairs(self, *names):
        """Options as pairs (vertical, horizontal)."""
        return [p if isinstance(p, tuple) else (p, p) for p in map(self.__getitem__, names)]


# ---------------------------------------------------------------- the table


def _pair_of(name, arguments, backward, gradient_of, make_cases, lesson, results=("y",), **more):
    """The exercises of an op and of its backward pass. `arguments` and `backward` are the names of
    their arguments, separated by blanks."""
    forward, back = getattr(naive, name), getattr(naive, f"{name}_backward")
    return [
        Exercise(name, tuple(arguments.split()), results, make_cases, lesson, forward, **more),
        Exercise(f"{name}_backward", tuple(backward.split()), tuple(gradient_of), make_cases,
                 lesson, back, gradient_of, **more),
    ]  # fmt: skip


CONVOLUTION = {"dx": "x", "dw": "w", "db": "b"}
ALL = [
    *_pair_of("relu", "x", "dy x", {"dx": "x"}, cases.activation,
              "lesson 00, equations (2) and (3)", linear=False),
    *_pair_of("linear", "x w b", "dy x w", CONVOLUTION, cases.linear,
              "lesson 00, equations (4) and (5)"),
    *_pair_of("conv2d", "x w b", "dy x w", CONVOLUTION, cases.convolution,
              "lesson 01, equations (4) to (6)"),
    *_pair_of("max_pool2d", "x kernel_size", "dy switches input_size", {"dx": "x"}, cases.max_pool,
              "lesson 02, equations (1) to (3)", ("y", "switches")),
    *_pair_of("max_unpool2d", "x switches output_size", "dy switches", {"dx": "x"},
              cases.max_unpool, "lesson 03, equation (3)"),
    *_pair_of("nearest_unpool2d", "x scale", "dy scale", {"dx": "x"},
              lambda: cases.block_unpool("nearest"), "lesson 03, equation (1)"),
    *_pair_of("bed_of_nails_unpool2d", "x scale", "dy scale", {"dx": "x"},
              lambda: cases.block_unpool("bed of nails"), "lesson 03, equation (2)"),
    *_pair_of("bilinear_upsample2d", "x size", "dy input_size", {"dx": "x"}, cases.bilinear,
              "lesson 03, equations (4) and (5)"),
    *_pair_of("conv_transpose2d", "x w b", "dy x w", CONVOLUTION, cases.transpose_convolution,
              "lesson 04, equations (1) to (3)"),
    Exercise("sgd_step", ("w", "dw", "velocity"), ("w", "velocity"), cases.sgd,
             "lesson 05, equation (1)", definitions.sgd_step),
    Exercise("adam_step", ("w", "dw", "mean", "square", "step"), ("w", "mean", "square"),
             cases.adam, "lesson 05, equation (2)", definitions.adam_step, linear=False),
    *_pair_of("softmax", "x", "dy y", {"dx": "x"}, cases.softmax, "lesson 06, equation (1)",
              linear=False),
    *_pair_of("cross_entropy", "scores labels", "scores labels", {"dscores": "scores"},
              cases.cross_entropy, "lesson 06, equations (2) and (3)", ("loss",), linear=False),
    *_pair_of("batch_norm2d", "x w b running_mean running_var", "dy x w statistics", CONVOLUTION,
              cases.batch_norm, "lesson 08, equations (2) and (3)",
              ("y", "mean", "var", "running_mean", "running_var"), linear=False),
    Exercise("to_corners", ("boxes",), ("corners",), cases.boxes, "lesson 10, equation (1)",
             definitions.to_corners),
    Exercise("from_corners", ("corners",), ("boxes",), cases.boxes, "lesson 10, equation (1)",
             definitions.from_corners),
    Exercise("iou", ("a", "b"), ("iou",), cases.boxes, "lesson 10, equation (1)", definitions.iou),
    *_pair_of("mse_loss", "prediction target", "prediction target", {"dprediction": "prediction"},
              cases.box_loss, "lesson 10, equation (4)", ("loss",), linear=False),
    *_pair_of("smooth_l1_loss", "prediction target", "prediction target",
              {"dprediction": "prediction"}, cases.box_loss, "lesson 10, equation (4)", ("loss",),
              linear=False),
    Exercise("two_losses_backward", ("scores", "boxes", "labels", "targets"), ("dscores", "dboxes"),
             cases.two_losses, "lesson 10, equation (5)", definitions.two_losses_backward,
             {"dscores": "scores", "dboxes": "boxes"}, linear=False),
    Exercise("two_heads_backward",
             ("dscores", "dboxes", "features", "class_weight", "box_weight"),
             ("dfeatures", "dclass_weight", "dbox_weight"), cases.two_heads,
             "lesson 10, equations (2) and (3)", definitions.two_heads_backward,
             {"dfeatures": "features", "dclass_weight": "class_weight",
              "dbox_weight": "box_weight"}),
    *_pair_of("focal_loss", "scores target", "scores target", {"dscores": "scores"},
              cases.focal_loss, "lesson 11, equations (2) to (4)", ("loss",), linear=False),
    Exercise("nms", ("boxes", "scores", "iou_threshold"), ("keep",), cases.nms,
             "lesson 11, section 6; for the IoU lesson 10, equation (1)", definitions.nms),
]  # fmt: skip
EXERCISES = {exercise.name: exercise for exercise in ALL}
EXERCISES["max_pool2d_backward"].keywords = False  # the switches are enough
EXERCISES["batch_norm2d"].returns = "y, (mean, var), (running_mean, running_var)"
