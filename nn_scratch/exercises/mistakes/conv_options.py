"""Mistakes with options of a convolution other than stride and padding."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import in_corner, off_by, register

FOUND = []
mistake = register(FOUND)


@mistake(
    "conv_transpose2d",
    "output_padding_on_wrong_side",
    "The extra row and column stand at the top and the left.",
    "On which side does the convolution leave out rows that no window reaches?",
)
def output_padding_on_wrong_side(case):
    if "output_padding" not in case.options:
        yield {}
        yield {}
        return
    y = case.solve(output_padding=0)["y"]
    wide = np.empty_like(case.right["y"])
    wide[...] = case["b"][:, None, None]
    wide[..., 1:, 1:] = y
    yield {"y": wide}
    yield case.solve(padding=off_by(case, -1, (0, 1)))


@mistake(
    "conv2d conv2d_backward conv_transpose2d conv_transpose2d_backward",
    "dilation_ignored",
    "The kernel is taken without its holes: dilation is ignored.",
    "Which pixel meets w[1, 1] when the dilation is 2?",
)
def dilation_ignored(case):
    if "dilation" not in case.options:
        yield {}
        return
    op = {"conv2d": naive.conv2d, "conv_transpose2d": naive.conv_transpose2d}[case.op]
    size = op(case["x"], case["w"], **{**case.options, "dilation": 1}).shape[2:]
    if "y" not in case.right:
        yield case.solve(dy=in_corner(case["dy"], size), dilation=1)
        return
    bias = case["b"][:, None, None]
    y = in_corner(case.solve(dilation=1)["y"] - bias, case.right["y"].shape[2:])
    yield {"y": y + bias}


@mistake(
    "conv2d conv2d_backward conv_transpose2d conv_transpose2d_backward",
    "groups_mixed",
    "The channels are dealt out to the groups in turn; a group is a run of neighbouring channels.",
    "With two groups of four channels, which channels belong to the first?",
)
def groups_mixed(case):
    """The channels of x are assigned to groups in turn; in a second variant those of y, too."""
    groups = case.options.get("groups", 1)
    if groups == 1:
        yield {}
        yield {}
        return
    dealt = [np.arange(len(b)).reshape(-1, groups).T.ravel() for b in (case["x"][0], case["b"])]
    for into, out in ((dealt[0], np.arange(len(case["b"]))), dealt):
        yield _permuted(case, into, out)


def _permuted(case, into, out):
    """The results for the channels of x in the order `into` and those of y in the order `out`, with
    the channels put back into their places."""
    w_order = into if case.op == "conv_transpose2d" else out
    x, w = case["x"][:, into], case["w"][w_order]
    if "y" in case.right:
        return {"y": case.solve(x=x, w=w, b=case["b"][out])["y"][:, np.argsort(out)]}
    results = case.solve(x=x, w=w, dy=case["dy"][:, out])
    return {"dx": results["dx"][:, np.argsort(into)], "dw": results["dw"][np.argsort(w_order)]}
