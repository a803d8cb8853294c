"""The exercise checker: it rejects every wrong pass, names mistakes rightly or not at all, and
accuses no right one."""

import itertools
import re
import sys
from itertools import islice

import numpy as np
import pytest

from nn_scratch import ops
from nn_scratch.exercises import check_exercise, signatures
from nn_scratch.exercises.describe_error import where
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.mistakes import Attempt, mistakes_of
from nn_scratch.exercises.mistakes.explain import OfShape, same, variants
from nn_scratch.exercises.mistakes.wordings import WORDINGS
from nn_scratch.exercises.sandbox import call
from zoo import ZOO


@pytest.mark.parametrize("name", EXERCISES)
def test_the_library_is_right(name):
    report = check_exercise(name, getattr(ops, name, EXERCISES[name].definition))
    assert report.ok and report.case is None and report.mistake is None, str(report)
    assert f"right on all {len(report.steps)} cases" in str(report)


@pytest.mark.parametrize("name", ZOO)
def test_loops_are_right(name):
    report = check_exercise(name, ZOO[name][0]())
    assert report.ok, str(report)


SINGLES = [(name, flag) for name, (_, flags) in ZOO.items() for flag in flags]


@pytest.mark.slow
@pytest.mark.parametrize("name, flag", SINGLES, ids=lambda part: part.replace(" ", "-"))
def test_one_mistake_is_rejected_and_named(name, flag):
    make, flags = ZOO[name]
    report = check_exercise(name, make(flag))
    assert not report.ok and report.case
    assert report.mistake == flags[flag], str(report)
    assert report.mistake in str(report)


def test_the_zoo_is_large_enough():
    assert len(SINGLES) >= 100
    assert sum(name.endswith("_backward") for name, _ in SINGLES) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_two_mistakes_at_once_are_never_called_by_a_third(name):
    """A name is that of one of the two, of a relation that all can have, or of a third mistake
    that gives the same numbers in the case that is shown."""
    make, flags = ZOO[name]
    pairs = list(itertools.combinations(flags, 2))
    for one, other in pairs[::EVERY]:
        report = check_exercise(name, make(one, other))
        assert not report.ok, (one, other)
        thirds = {flag for flag in flags if flags[flag] == report.mistake} - {one, other}
        if report.explanation is None or report.mistake in (flags[one], flags[other]):
            continue
        if thirds and report.mistake not in GENERAL:
            assert any(same_here(report, make(third)) for third in thirds), (
                one,
                other,
                str(report),
            )


EVERY = 5  # so many pairs apart are those that are tried
GENERAL = {mistake.name for mistake in signatures.FOUND}


def same_here(report, function):
    """Whether a function gives the explained results of the failing case, number for number."""
    step = report.failed
    arguments, options = step.trial.call
    answer = call(function, arguments, options, step.right)
    results = dict(zip(report.exercise.results, answer.results or (), strict=False))
    given = dict(zip(report.exercise.results, step.answer.results, strict=True))
    return all(
        np.allclose(results[n], given[n]) for n in report.explanation.results if n in results
    )


def test_enough_pairs():
    pairs = (len(flags) * (len(flags) - 1) // 2 for _, flags in ZOO.values())
    assert sum(-(-count // EVERY) for count in pairs) >= 100


# ---------------------------------------------------------------- the catalogue itself


CATALOGUE = [(name, m) for name in EXERCISES for m in mistakes_of(name)]
FEW = 12  # known mistakes, of each of which two ways are tried


def acting(attempts, mistake, key):
    """A function that makes a mistake in one way; None if that is no mistake at all. attempts: the
    right one on each case."""
    known, differs = [], False
    for attempt in attempts:
        trial, made = attempt.trial, attempt.result_of(mistake, key)
        results = {n: made.get(n, right) for n, right in trial.right.items()}
        if any(isinstance(r, OfShape) for r in results.values()):
            return None
        differs |= not all(same(results[n], trial.right[n]) for n in results)
        known.append((trial.call, tuple(np.array(r) for r in results.values())))

    def function(*arguments, dilation=1, groups=1, output_padding=0, **options):
        extra = {"dilation": dilation, "groups": groups, "output_padding": output_padding}
        plain = {"dilation": 1, "groups": 1, "output_padding": 0}
        options |= {n: v for n, v in extra.items() if v != plain[n]}
        for (values, named), results in known:
            if options == named and all(map(alike, arguments, values)):
                return tuple(r.copy() for r in results)
        raise KeyError("a call of no case")

    return function if differs else None


def alike(a, b):
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return np.shape(a) == np.shape(b) and np.array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXERCISES)
def test_no_true_name_is_beaten_by_a_false_one(name):
    """Functions that make each known mistake are rejected; the name that they get is that of the
    mistake, or of one that gives the same numbers in every case that is asked."""
    attempts, tried, named = [Attempt(t, t.right) for t in EXERCISES[name].trials], 0, 0
    known = mistakes_of(name)
    ways = 1 if len(known) > FEW else 2
    for mistake in known:
        for key, _ in islice(variants(mistake, attempts[-1]), ways):
            function = acting(attempts, mistake, key)
            if function is None:
                continue
            report = check_exercise(name, function)
            assert not report.ok, (mistake.name, key)
            tried += 1
            if report.explanation:
                named += 1
                assert foretold_by(report, function), (mistake.name, key, str(report))
    assert tried >= 4 and named >= 0.75 * tried, (named, tried)


def foretold_by(report, function):
    """Whether some way to make the mistake that is named gives what the function gives, in all the
    cases up to the one that failed."""
    steps = report.steps
    names = {w.mistake for w in WORDINGS if w.name == report.mistake} | {report.mistake}
    shown = [m for m in mistakes_of(report.exercise.name) if m.name in names]
    if not shown:
        return report.mistake in ("uninitialised", "single_precision", "overflow", "log_of_zero")
    given = dict(
        zip(report.exercise.results, map(np.asarray, steps[-1].answer.results), strict=True)
    )
    attempt = Attempt(steps[-1].trial, given)
    return all(
        any(same(made[n], given[n]) for m in shown for _, made in variants(m, attempt) if n in made)
        for n in report.explanation.results
    )


def test_every_entry_asks_a_question():
    for _, mistake in CATALOGUE:
        assert mistake.says.endswith(".") and "?" in mistake.asks, mistake.name
        assert mistake.name.replace("_", "").isalnum()


def test_every_wording_belongs_to_a_mistake_and_asks_a_question():
    for w in WORDINGS:
        names = w.exercises.split() or list(EXERCISES)
        assert set(names) <= set(EXERCISES), w
        assert any(m.name == w.mistake for name in names for m in mistakes_of(name)), w
        assert w.says.endswith(".") and "?" in w.asks and w.name.replace("_", "").isalnum(), w


# ---------------------------------------------------------------- right, in many styles


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def windows_of(x, w, stride, padding):
    """(N, C, P, Q, kh, kw), a view."""
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    views = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return views[:, :, ::sh, ::sw]


def einsum(x, w, b, *, stride, padding):
    return np.einsum("ncpqij,fcij->nfpq", windows_of(x, w, stride, padding), w) + b[:, None, None]


def im2col(x, w, b, *, stride, padding):
    windows = windows_of(x, w, stride, padding).transpose(0, 2, 3, 1, 4, 5)
    columns = windows.reshape(*windows.shape[:3], -1)
    return (columns @ w.reshape(len(w), -1).T + b).transpose(0, 3, 1, 2)  # not contiguous


def fft(x, w, b, *, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    size, (kh, kw) = x.shape[2:], w.shape[2:]
    product = np.einsum(
        "nchw,fchw->nfhw", np.fft.rfft2(x), np.conj(np.fft.rfft2(w, size, axes=(2, 3)))
    )
    y = np.fft.irfft2(product, size)[:, :, : size[0] - kh + 1 : sh, : size[1] - kw + 1 : sw]
    return y + b[:, None, None]


def tensordot(x, w, b, *, stride, padding):
    y = np.tensordot(windows_of(x, w, stride, padding), w, axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(y + b, -1, 1)


def one_output_at_a_time(x, w, b, *, stride, padding):
    windows = windows_of(x, w, stride, padding)
    y = np.empty((len(x), len(w), *windows.shape[2:4]))
    for n, f, p, q in np.ndindex(*y.shape):
        y[n, f, p, q] = sum((windows[n, :, p, q] * w[f]).ravel().tolist()) + b[f]
    return y


def in_fortran_order(x, w, b, *, stride, padding):
    return np.asfortranarray(einsum(x, w, b, stride=stride, padding=padding))


class AsCallable:
    def __call__(self, x, w, b, *, stride, padding):
        return ops.conv2d(x, w, b, stride=stride, padding=padding)


@pytest.mark.parametrize(
    "function",
    [
        einsum,
        im2col,
        fft,
        tensordot,
        one_output_at_a_time,
        in_fortran_order,
        AsCallable(),
        lambda x, w, b, **options: ops.conv2d(x, w, b, **options),
        lambda x, w, b, *, stride, padding: [ops.conv2d(x, w, b, stride=stride, padding=padding)],
    ],
)
def test_a_right_convolution_in_any_style(function):
    report = check_exercise("conv2d", function)
    assert report.ok, str(report)


def backward_by_torch(dy, x, w, *, stride, padding):
    torch = sys.modules["torch"]
    x, w = (torch.tensor(a, requires_grad=True) for a in (x, w))
    b = torch.zeros(len(w), dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.conv2d(x, w, b, stride=stride, padding=padding)
    y.backward(torch.tensor(dy.copy()))
    return tuple(a.grad.numpy() for a in (x, w, b))


def backward_by_einsum(dy, x, w, *, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    windows = windows_of(x, w, stride, padding)
    dw = np.einsum("nfpq,ncpqij->fcij", dy, windows)
    n, c, height, width = x.shape
    dx = np.zeros((n, c, height + 2 * ph, width + 2 * pw))
    for i, j in np.ndindex(*w.shape[2:]):
        rows, columns = (
            slice(k, k + s * (m - 1) + 1, s)
            for k, s, m in ((i, sh, dy.shape[2]), (j, sw, dy.shape[3]))
        )
        dx[:, :, rows, columns] += np.einsum("nfpq,fc->ncpq", dy, w[:, :, i, j])
    return dx[:, :, ph : ph + height, pw : pw + width], dw, dy.sum((0, 2, 3))


def backward_by_adjoints(dy, x, w, *, stride, padding):
    """The dense matrix of the convolution, and its transpose."""
    units = np.eye(x[0].size).reshape(-1, *x.shape[1:])
    matrix = ops.conv2d(units, w, stride=stride, padding=padding).reshape(len(units), -1)
    dx = (dy.reshape(len(dy), -1) @ matrix.T).reshape(x.shape)
    kernels = np.eye(w[0].size).reshape(-1, *w.shape[1:])
    terms = ops.conv2d(x, kernels, stride=stride, padding=padding)
    dw = np.einsum("nfpq,nkpq->fk", dy, terms).reshape(w.shape)
    return dx, dw, np.einsum("nfpq->f", dy)


@pytest.mark.parametrize("function", [backward_by_torch, backward_by_einsum, backward_by_adjoints])
def test_a_right_backward_pass_in_any_style(function):
    if function is backward_by_torch:
        pytest.importorskip("torch", reason="PyTorch is not installed")
    report = check_exercise("conv2d_backward", function)
    assert report.ok, str(report)


# ---------------------------------------------------------------- whatever a function may do


def raises(dy, x):
    return dy[1000]


def returns_none(dy, x):
    dy * (x > 0)


def wrong_shape(dy, x):
    return np.zeros((7, 7))


def summed(dy, x):
    return (dy * (x > 0)).sum(axis=0)


def too_many(dy, x):
    return dy * (x > 0), x


def wrong_dtype(dy, x):
    return (dy * (x > 0)).astype(np.float32)


def not_finite(dy, x):
    with np.errstate(all="ignore"):
        return dy * (x > 0) + 0 * np.log(x)


def changes_inputs(dy, x):
    dy *= x > 0
    return dy


def timeout(dy, x):
    while True:
        pass


def exits(dy, x):
    raise SystemExit(3)


COUNT = itertools.count()


def not_repeatable(dy, x):
    return dy * (x > 0) * (1 if next(COUNT) < 5 else 2)


def needs_contiguous(dy, x):
    assert dy.flags.c_contiguous
    return dy * (x > 0)


@pytest.mark.parametrize(
    "function, mistake",
    [
        (raises, "raises"),
        (returns_none, "returns_none"),
        (wrong_shape, "wrong_shape"),
        (summed, "wrong_sum"),
        (too_many, "wrong_shape"),
        (wrong_dtype, "wrong_dtype"),
        (not_finite, "not_finite"),
        (changes_inputs, "changes_inputs"),
        (timeout, "timeout"),
        (exits, "raises"),
        (not_repeatable, "not_repeatable"),
        (needs_contiguous, "needs_contiguous"),
        (lambda: None, "raises"),
        (None, "raises"),
    ],
)
def test_whatever_a_function_does_is_a_report(function, mistake):
    report = check_exercise("relu_backward", function, limit=0.3)
    assert not report.ok and report.mistake == mistake and report.case
    assert "Your function" in str(report) and "relu_backward(dy (" in str(report)
    assert not report.to_do
    assert check_exercise("relu_backward", ops.relu_backward).ok  # the cases are as they were


def test_a_question_ends_with_its_own_mark():
    text = str(check_exercise("relu", lambda x: None))
    assert "returns None: is a return missing?\n" in text


def test_where_it_raised_is_said():
    text = str(check_exercise("relu_backward", raises))
    assert "return dy[1000]" in text
    assert "The derivation: lesson 00, equations (2) and (3)" in text  # where to go on, unexplained


@pytest.mark.parametrize(
    ("name", "wrong", "shown"),
    [
        ("focal_loss", lambda scores, target: 0.0, "1.099"),  # ln 3
        ("softmax_backward", lambda dy, y: dy, "0.0003345"),
        ("relu_backward", lambda dy, x: dy, "-0.25"),  # no more digits than there are
    ],
)
def test_what_is_given_has_digits_enough_to_redo_it(name, wrong, shown):
    assert re.search(rf"(?<!\S){re.escape(shown)}(?!\S)", str(check_exercise(name, wrong)))


def test_an_unknown_exercise():
    with pytest.raises(ValueError, match="there is no exercise 'conv3d'; the nearest are conv2d"):
        check_exercise("conv3d", raises)


# ---------------------------------------------------------------- the text


def test_a_failing_screen():
    make, _ = ZOO["conv2d_backward"]
    text = str(check_exercise("conv2d_backward", make("stride ignored")))
    assert "Case 4, stride" in text and "\x1b" not in text
    assert re.search(r"dx is wrong (in \d+ of 25 places|everywhere)", text)
    assert "db is right" in text
    adjoint = r"⟨J x, dy⟩ = (\S+)\. ⟨x, your dx⟩ must be the same; it is (\S+)\."
    left, right = re.search(adjoint, " ".join(text.split())).groups()
    assert left != right
    assert "The mistake: stride_ignored" in text and "Ask yourself: Output p" in text
    assert "lesson 01, equations (4) to (6)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_unknown_mistake_is_placed():
    def odd(dy, x, w, **options):
        dx, dw, db = ops.conv2d_backward(dy, x, w, **options)
        if dx.shape[2:] == (3, 3):
            dx[..., 1, 1] += 7
        return dx, dw, db

    report = check_exercise("conv2d_backward", odd)
    assert report.mistake is None
    text = str(report)
    assert "No mistake that we know explains this" in text
    assert "dx is wrong in 1 of 9 places" in text


def mask(*at, shape=(2, 3, 5, 4)):
    """True at the given index."""
    array = np.zeros(shape, bool)
    array[at] = True
    return array


BORDER = np.pad(
    np.zeros((2, 3, 3, 2), bool), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=True
)
CORNER = mask(slice(None), slice(None), -1) | mask(..., -1)


@pytest.mark.parametrize(
    "wrong, phrase",
    [
        (mask(...), "everywhere"),
        (mask(1), "in 60 of 120 places, only in image 1 (the last)"),
        (mask(slice(None), 0), "in 40 of 120 places, only in channel 0 (the first)"),
        (mask(slice(None), slice(None), 4), "in 24 of 120 places, only in row 4 (the last)"),
        (mask(..., slice(1, None, 2)), "in 60 of 120 places, only in every second column, from 1"),
        (BORDER, "in 84 of 120 places"),
        (~BORDER, "in 36 of 120 places, only inside, not in the border"),
        (CORNER, "in 48 of 120 places, only in the last row and the last column"),
        (mask(0, 0, 0, 0) | mask(1, 2, 3, 1), "in 2 of 120 places"),
    ],
)
def test_where_it_is_wrong(wrong, phrase):
    trial = EXERCISES["nearest_unpool2d"].trials[0]
    assert where(wrong, "y", trial).startswith(phrase)


def test_ties_have_a_phrase():
    trial = next(t for t in EXERCISES["max_pool2d"].trials if t.case.name == "ties")
    x = trial.values["x"].reshape(2, 2, 3, 2).transpose(0, 2, 1, 3).reshape(2, 3, 4)
    tied = (np.sort(x)[..., -1] == np.sort(x)[..., -2])[None, None]
    assert tied.sum() == 5 and "at ties" in where(tied, "switches", trial)


@pytest.mark.parametrize(
    "seconds, says",
    [
        ([2e-6, 4e-6], "it took 2 µs, no longer than the library's own."),
        ([8e-3, 4e-3], "it took 8,000 µs, 2.0 times as long as the library's own."),
    ],
)
def test_a_success_says_how_long_it_took(seconds, says):
    report = check_exercise("relu", ops.relu)
    report.seconds = seconds
    assert says in str(report)


class Agreeing(np.ndarray):
    """Says of any difference that it is zero."""

    def __sub__(self, other):
        return np.zeros(np.shape(other))

    __rsub__ = __sub__


class Equal(np.ndarray):
    """Takes part in every operation, and gives zeros."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.zeros(np.shape(inputs[0]))


@pytest.mark.parametrize("kind", [Agreeing, Equal, np.matrix])
def test_numbers_are_judged_whatever_their_class_says(kind):
    assert not check_exercise(
        "linear", lambda x, w, b: np.full((len(x), len(w)), 7.0).view(kind)
    ).ok
    assert not check_exercise("linear", lambda x, w, b: [(x @ w.T).view(kind) + 0.0]).ok
