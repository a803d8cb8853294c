"""Exercises: functions for a student to write, and what is right for each."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nn_scratch import naive, ops
from nn_scratch.exercises import cases, sandbox

EXACT, ROUNDED = 1e-9, 1e-6  # the largest error: of a linear op, and of one that has slopes
STEP = 1e-5


@dataclass
class Exercise:
    """A function to write.

    It is called with `arguments`, taken from a rung's values, and the rung's options, and gives
    `results`. `library` is our own. A forward pass is compared with `definition`; a backward pass
    with differences of `forward`, a function of values and options that gives y, in the values that
    `slopes` names for each result. lesson: where it is derived.
    """

    name: str
    arguments: tuple
    results: tuple
    ladder: Callable
    lesson: str
    library: Callable
    definition: Callable | None = None
    forward: Callable | None = None
    slopes: dict = field(default_factory=dict)
    linear: bool = True
    keywords: bool = True  # whether it takes the rung's options

    @property
    def tolerance(self):
        return EXACT if self.linear else ROUNDED

    @cached_property
    def climbed(self):
        """All rungs with what is right on them: pairs (Rung, dict). The same every time."""
        known = inspect.signature(self.library).parameters
        rungs = [rung for rung in self.ladder() if rung.needs is None or rung.needs in known]
        return [(rung, self.right(rung)) for rung in rungs]

    def call_of(self, rung):
        """The positional arguments and the keyword arguments of a call."""
        options = rung.options if self.keywords else {}
        return [rung.values[name] for name in self.arguments], options

    def solve(self, values, options):
        """Our own results, by name."""
        arguments = [values[name] for name in self.arguments]
        return self._named(self.library(*arguments, **(options if self.keywords else {})))

    def right(self, rung):
        """The right results, by name: by the definition, or by differences of the forward pass."""
        if self.definition:
            arguments, options = self.call_of(rung)
            return self._named(self.definition(*arguments, **options))
        return {name: self._slope(rung, value) for name, value in self.slopes.items()}

    def _slope(self, rung, name):
        """d/d(value) of Σ dy·y, element by element, by central differences. A linear op's are exact
        with a step of 1."""
        step = 1.0 if self.linear else STEP
        dy, value = rung.values.get("dy", 1.0), rung.values[name]
        slope = np.empty(value.shape)
        for place in np.ndindex(value.shape):
            sides = []
            for t in (step, -step):
                moved = value.copy()
                moved[place] += t
                sides.append((dy * self.forward({**rung.values, name: moved}, rung.options)).sum())
            slope[place] = (sides[0] - sides[1]) / (2 * step)
        return slope

    def _named(self, results):
        flat = sandbox.flat(results)
        return {name: np.asarray(r) for name, r in zip(self.results, flat, strict=True)}


# ---------------------------------------------------------------- steps of the localizer


def two_losses_backward(scores, boxes, labels, targets, *, box_weight):
    """Of L = cross_entropy(scores, labels) + box_weight · mse_loss(boxes, targets)."""
    dboxes = box_weight * ops.mse_loss_backward(boxes, targets)
    return ops.cross_entropy_backward(scores, labels), dboxes


def two_heads_backward(dscores, dboxes, features, class_weight, box_weight):
    """Of scores = features · class_weightᵀ and boxes = features · box_weightᵀ."""
    from_class, dclass_weight, _ = ops.linear_backward(dscores, features, class_weight)
    from_boxes, dbox_weight, _ = ops.linear_backward(dboxes, features, box_weight)
    return from_class + from_boxes, dclass_weight, dbox_weight


def _two_losses(v, options):
    loss = naive.cross_entropy(v["scores"], v["labels"])
    return loss + options["box_weight"] * naive.mse_loss(v["boxes"], v["targets"])


def _two_heads(v, options):
    """A number whose slopes are those of both heads: each head's outputs times its gradient."""
    scores, boxes = v["features"] @ v["class_weight"].T, v["features"] @ v["box_weight"].T
    return (scores * v["dscores"]).sum() + (boxes * v["dboxes"]).sum()


# ---------------------------------------------------------------- the table


def _pair_of(name, arguments, backward, slopes, rungs, lesson, results=("y",), linear=True):
    """The exercises of an op and of its backward pass, whose names and arguments are given as in
    their signatures."""
    forward, library = getattr(ops, name), getattr(ops, f"{name}_backward")

    def y(values, options):
        return sandbox.flat(forward(*(values[a] for a in arguments.split()), **options))[0]

    return [
        Exercise(name, tuple(arguments.split()), results, rungs, lesson, forward,
                 definition=getattr(naive, name), linear=linear),
        Exercise(f"{name}_backward", tuple(backward.split()), tuple(slopes), rungs, lesson, library,
                 forward=y, slopes=slopes, linear=linear),
    ]  # fmt: skip


def _gather(values, options):
    """What a max-pool gives while its switches stay what they are."""
    n, c, p, q = values["switches"].shape
    flat = values["x"].reshape(n, c, -1)
    return np.take_along_axis(flat, values["switches"].reshape(n, c, -1), 2).reshape(n, c, p, q)


CONVOLUTION = {"dx": "x", "dw": "w", "db": "b"}
ALL = [
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
              "lesson 03, equation (4)"),
    *_pair_of("conv_transpose2d", "x w b", "dy x w", CONVOLUTION, cases.transpose_convolution,
              "lesson 04, equations (1) and (2)"),
    *_pair_of("relu", "x", "dy x", {"dx": "x"}, cases.activation,
              "lesson 00, equations (2) and (3)", linear=False),
    *_pair_of("linear", "x w b", "dy x w", CONVOLUTION, cases.linear,
              "lesson 00, equations (4) and (5)"),
    *_pair_of("batch_norm2d", "x w b running_mean running_var", "dy x w statistics", CONVOLUTION,
              cases.batch_norm, "lesson 06, equations (2) and (3)",
              ("y", "mean", "var", "running_mean", "running_var"), linear=False),
    *_pair_of("softmax", "x", "dy y", {"dx": "x"}, cases.activation, "lesson 06, equation (4)",
              linear=False),
    *_pair_of("cross_entropy", "scores labels", "scores labels", {"dscores": "scores"},
              cases.cross_entropy, "lesson 06, equations (5) and (6)", ("loss",), linear=False),
    *_pair_of("mse_loss", "prediction target", "prediction target", {"dprediction": "prediction"},
              cases.box_loss, "lesson 08, equation (4)", ("loss",), linear=False),
    *_pair_of("smooth_l1_loss", "prediction target", "prediction target",
              {"dprediction": "prediction"}, cases.box_loss, "lesson 08, equation (4)", ("loss",),
              linear=False),
    Exercise("two_losses_backward", ("scores", "boxes", "labels", "targets"), ("dscores", "dboxes"),
             cases.two_losses, "lesson 08, equation (5)", two_losses_backward, forward=_two_losses,
             slopes={"dscores": "scores", "dboxes": "boxes"}, linear=False),
    Exercise("two_heads_backward",
             ("dscores", "dboxes", "features", "class_weight", "box_weight"),
             ("dfeatures", "dclass_weight", "dbox_weight"), cases.two_heads,
             "lesson 08, equations (2) and (3)",
             two_heads_backward, forward=_two_heads,
             slopes={"dfeatures": "features", "dclass_weight": "class_weight",
                     "dbox_weight": "box_weight"}),
]  # fmt: skip
EXERCISES = {exercise.name: exercise for exercise in ALL}
EXERCISES["max_pool2d_backward"].forward = _gather
EXERCISES["max_pool2d_backward"].keywords = False  # the switches say it all
