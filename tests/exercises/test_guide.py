"""The guide to the checker's screens shows what the checker really says.

`python tests/exercises/test_guide.py` writes the guide anew.
"""

import importlib.util
from pathlib import Path
from textwrap import fill

import pytest

from nn_scratch.exercises import check_exercise

HERE = Path(__file__).resolve().parent
GUIDE = HERE.parents[1] / "lessons" / "guides" / "checker.md"
spec = importlib.util.spec_from_file_location("attempts", HERE / "attempts.py")
attempts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(attempts)

HEAD = """\
# The checker's screens

`nn-scratch exercise 03` tries a function on small cases that grow by one difficulty each, and stops
at the first that fails. This page shows ten of its screens, right and wrong, and how to read them.
A test compares them with what the checker says.

A name for a mistake is given only if it foretells your numbers, all of them, in the case that is
shown, and changes nothing in the cases before. "On this case" stands beside it if later cases say
something else as well: then there is a second mistake, or the name is a part of a larger one.
Where two names fit equally, none is given, and the questions that separate them are asked.
"""

# The exercise, what is replaced in a right pass by what, and how to read the screen.
SCREENS = [
    ("linear", None, None,
     "Right. Every case is listed with its largest error; `exact` means to the last bit."),
    ("conv2d_backward", "g[sl]+=", "g[sl]=",
     "The commonest mistake of all. The numbers are small: redo the one in the middle. The two "
     "numbers of the adjoint must agree for any right backward pass, whatever the loss is; that "
     "they differ needs no second implementation to see."),
    ("conv2d", "P=1+(h+2*ph-kh)//sh", "P=(h+2*ph-kh)//sh",
     "A wrong shape. Which formula gives the size that you made is looked up in a table."),
    ("conv2d_backward", "np.einsum('nfpq->f',dy)", "np.einsum('nfpq->q',dy)",
     "A sum over other axes than wanted."),
    ("max_pool2d", "constant_values=-np.inf", "constant_values=0",
     "Right on all cases that have no padding; the case that fails says what is new in it."),
    ("bilinear_upsample2d", "s=(u-a)[:,None]; t=v-b", "s=1-(u-a)[:,None]; t=1-(v-b)",
     "Where each row looks, and with which shares, is compared with many other formulas."),
    ("batch_norm2d_backward", "-db[:,None,None]", "",
     "All numbers that are needed to redo it by hand are shown, those of the statistics too."),
    ("softmax", "-np.max(x,axis=1,keepdims=True)", "",
     "Infinity and NaN are told where they come from."),
    ("smooth_l1_loss_backward", "abs(d)<1", "d<1",
     "Wrong in one region of the values: where it is, and what stands there."),
    ("relu_backward", "np.where(x>0,dy,0.)", "np.where(x>0,dy,0.)+0.1*dy.mean()",
     "Nothing that is known fits. Then the case, the first wrong number and paper must do."),
]  # fmt: skip


def screen(name, old, new):
    """What the checker says, without the time that it took."""
    code = attempts.RIGHT[name]
    assert old is None or old in code, (name, old)
    namespace = {}
    exec(attempts.PRELUDE + (code.replace(old, new, 1) if old else code), namespace)
    report = check_exercise(name, namespace[name])
    report.seconds = None
    return str(report)


def page():
    parts = [HEAD]
    for number, (name, old, new, remark) in enumerate(SCREENS, start=1):
        change = f"`{old}` became `{new}`" if new else f"`{old}` is missing"
        what = f"In `{name}`, {change}." if old else f"`{name}`, as it should be."
        shown = f"```text\n{screen(name, old, new)}\n```"
        parts.append(f"## {number}. {what}\n\n{fill(remark, 100)}\n\n{shown}\n")
    return "\n".join(parts)


@pytest.mark.slow
def test_the_guide_shows_what_the_checker_says():
    with (  # the softmax without its maximum, as NumPy sees it
        pytest.warns(RuntimeWarning, match="overflow encountered in exp"),
        pytest.warns(RuntimeWarning, match="invalid value encountered in divide"),
    ):
        assert GUIDE.read_text(encoding="utf-8") == page()


def test_right_and_wrong_screens_are_shown():
    text = GUIDE.read_text(encoding="utf-8")
    assert text.count("```text") == 10
    assert text.count("right on all") == 1 and text.count("The mistake") >= 7


if __name__ == "__main__":
    GUIDE.write_text(page(), encoding="utf-8")
