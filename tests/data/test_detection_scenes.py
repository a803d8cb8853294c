"""Scenes of several digits: within their rules, three splits apart, and in batches as lists."""

import hashlib

import numpy as np
import pytest

from nn_scratch.data import DigitDetection, Loader, Transformed, digits, open_digits
from nn_scratch.data.split import Subset


def drawn(count=200, **options):
    scenes = DigitDetection("train", count, **options)
    return [scenes.sample(0, index) for index in range(count)]


def shared(a, b):
    """The common area of two boxes, counted pixel by pixel, as a part of the smaller one."""
    masks = []
    for x, y, w, h in np.stack([a, b]).astype(int):
        mask = np.zeros((200, 200), bool)
        mask[y : y + h, x : x + w] = True
        masks.append(mask)
    return (masks[0] & masks[1]).sum() / min(mask.sum() for mask in masks)


def test_what_a_sample_is():
    counts = []
    for image, labels, boxes, difficult in drawn():
        assert image.shape == (1, 64, 64) and image.dtype == np.float32
        assert labels.dtype == np.int64 and boxes.dtype == np.float32
        assert labels.shape == (len(boxes),) == difficult.shape and boxes.shape[1:] == (4,)
        assert difficult.dtype == bool and not difficult.any()
        assert labels.min() >= 0 and labels.max() <= 9
        assert (boxes[:, :2] >= 0).all() and (boxes[:, :2] + boxes[:, 2:] <= 64).all()
        assert boxes[:, 3].min() >= 8 and boxes[:, 3].max() <= 24
        counts.append(len(labels))
    assert np.bincount(counts, minlength=7)[1:].min() > 15 and set(counts) <= set(range(1, 7))


def test_scenes_stay_what_they_are():
    """A fixed fingerprint of classes and boxes: scenes made today are scenes made tomorrow."""
    kept = b"".join(l.tobytes() + b.tobytes() for _, l, b, _ in drawn(20))
    assert hashlib.sha256(kept).hexdigest()[:16] == "f1e8873ee4904509"


def test_boxes_hold_the_ink_tightly(monkeypatch):
    """Without noise and grey ground, what is at least half inked fills the box to its edges."""
    for name, value in ("NOISE", 0), ("BACKGROUND", (0, 0)), ("BRIGHTNESS", (1, 1)):
        monkeypatch.setattr(digits, name, value)
    for image, _, boxes, _ in drawn(60, digits=1):
        rows, columns = np.nonzero(image[0] >= digits.INK)
        x, y = columns.min(), rows.min()
        assert boxes.tolist() == [[x, y, columns.max() + 1 - x, rows.max() + 1 - y]]


@pytest.mark.parametrize("overlap", [0, 0.1, 0.4])
def test_digits_share_no_more_than_they_may(overlap):
    most = 0
    for _, _, boxes, _ in drawn(80, digits=6, overlap=overlap):
        pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
        most = max([most, *(shared(a, b) for a, b in pairs)])
    assert overlap * 0.8 <= most <= overlap + 1e-9


def test_with_overlap_one_a_digit_may_lie_in_another():
    boxes = [boxes for _, _, boxes, _ in drawn(80, digits=6, overlap=1)]
    assert all(len(each) == 6 for each in boxes)
    assert max(shared(a, b) for each in boxes for i, a in enumerate(each) for b in each[:i]) == 1


def test_none_forty_and_too_many_digits():
    image, labels, boxes, difficult = drawn(1, digits=0)[0]
    assert labels.shape == difficult.shape == (0,) and boxes.shape == (0, 4)
    assert boxes.dtype == np.float32 and image.std() < 0.1
    assert {len(labels) for _, labels, _, _ in drawn(40, digits=(0, 2))} == {0, 1, 2}
    assert [len(labels) for _, labels, _, _ in drawn(3, digits=40, size=160)] == [40] * 3
    crowd = drawn(1, digits=200)[0]
    assert 6 < len(crowd[1]) < 60 and crowd[0].shape == (1, 64, 64)


def test_a_scene_depends_on_seed_epoch_and_index_alone():
    first, second = DigitDetection("train", 10, seed=3), DigitDetection("train", 99, seed=3)
    for index in 5, 2, 7:
        first.sample(0, index)
    for a, b in zip(first.sample(4, 2), second.sample(4, 2), strict=True):
        np.testing.assert_array_equal(a, b)
    others = first.sample(4, 3), first.sample(5, 2), DigitDetection("train", 9, seed=4).sample(4, 2)
    assert not any(np.array_equal(other[0], first.sample(4, 2)[0]) for other in others)


def test_splits_use_different_digits():
    sets = [DigitDetection(split, 1) for split in ("train", "validation", "test")]
    seen = [{image.tobytes() for image in part.images} for part in sets]
    assert [len(part.images) for part in sets] == [1197, 240, 360]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
    for part in sets:
        assert set(part.labels) == set(range(10))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 20}, "size is 20, but must be at least 24"),
        ({"digits": (3, 2)}, "digits is 2, but must be at least 3"),
        ({"digits": -1}, "digits is -1"),
        ({"overlap": 1.5}, "overlap is 1.5"),
        ({"overlap": float("nan")}, "overlap is nan"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        DigitDetection("train", 1, **options)


def test_no_other_split():
    with pytest.raises(ValueError, match="split is 'val', but must be one of train, validation"):
        DigitDetection("val", 1)


# ---------------------------------------------------------------- batches


def equal(batch, other):
    assert len(batch) == len(other)
    for a, b in zip(batch, other, strict=True):
        assert type(a) is type(b) and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("wrap", [lambda d: d, Transformed, lambda d: Subset(d, range(7))])
def test_batches_have_lists_of_targets(wrap):
    scenes = DigitDetection("train", 7)
    images, labels, boxes, difficult = list(Loader(wrap(scenes), 5).batches())[1]
    assert images.shape == (2, 1, 64, 64)
    for part in labels, boxes, difficult:
        assert isinstance(part, list) and len(part) == 2
    for row in range(2):
        equal(scenes.sample(0, 5 + row)[1:], (labels[row], boxes[row], difficult[row]))


def test_images_with_one_object_each_are_lists_too():
    _, labels, boxes, _ = next(Loader(DigitDetection("train", 3, digits=1), 3).batches())
    assert [part.shape for part in labels] == [(1,)] * 3
    assert [part.shape for part in boxes] == [(1, 4)] * 3


def test_parts_of_a_batch_make_the_whole():
    """What ranks get, put together, is what one process gets; a rank may get nothing."""
    loader = Loader(DigitDetection("train", 8), 3, shuffle=True)
    whole = list(loader.batches(1))
    first = list(loader.batches(1, part=lambda n: slice(0, 2)))
    second = list(loader.batches(1, part=lambda n: slice(2, 3)))
    for batch, a, b in zip(whole, first, second, strict=True):
        images = np.concatenate([a[0], b[0]])
        equal(batch, (images, *(x + y for x, y in zip(a[1:], b[1:], strict=True))))
    images, *targets = second[2]
    assert images.shape == (0, 1, 64, 64) and targets == [[], [], []]


def test_starting_in_the_middle_and_prefetching():
    options = {"shuffle": True, "seed": 2}
    whole = list(Loader(DigitDetection("train", 11), 3, **options).batches(1))
    rest = list(Loader(DigitDetection("train", 11), 3, prefetch=2, **options).batches(1, start=2))
    assert len(rest) == 2
    for batch, other in zip(whole[2:], rest, strict=True):
        equal(batch, other)


def test_the_source_of_digit_scenes():
    source = open_digits("detection", 30, 5)
    assert source.class_names == list("0123456789") and source.channels == 1
    assert [len(part) for part in (source.train, source.validation, source.test)] == [30, 500, 1000]
    equal(source.train.sample(2, 3), DigitDetection("train", 1, seed=5).sample(2, 3))
    equal(source.of_split("test").validation.sample(0, 3), DigitDetection("test", 1).sample(0, 3))
    source.verify(one_size=True)
