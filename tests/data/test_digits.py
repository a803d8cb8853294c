"""The digit scenes: deterministic, within their rules, train and test apart."""

import hashlib

import numpy as np
import pytest

from nn_scratch.data import DigitLocalization, DigitSegmentation
from nn_scratch.data.digits import CLASS_NAMES, SIZE, load_digits


def test_the_embedded_digits():
    images, labels = load_digits()
    assert images.shape == (1797, 8, 8) and labels.shape == (1797,)
    assert images.min() == 0 and images.max() == 1
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_a_scene_depends_on_seed_epoch_and_index_alone():
    first, second = DigitSegmentation("train", 10, seed=3), DigitSegmentation("train", 99, seed=3)
    for index in 5, 2, 7:
        first.sample(0, index)
    for a, b in zip(first.sample(4, 2), second.sample(4, 2), strict=True):
        np.testing.assert_array_equal(a, b)
    others = [
        first.sample(4, 3),
        first.sample(5, 2),
        DigitSegmentation("train", 10, seed=4).sample(4, 2),
        DigitSegmentation("test", 10, seed=3).sample(4, 2),
    ]
    for other in others:
        assert not np.array_equal(other[0], first.sample(4, 2)[0])


def test_scenes_stay_what_they_are():
    """A fixed fingerprint of the labels: scenes made today are scenes made tomorrow."""
    scenes = DigitSegmentation("train", 20)
    labels = np.stack([scenes.sample(0, index)[1] for index in range(20)]).astype(np.uint8)
    assert hashlib.sha256(labels.tobytes()).hexdigest()[:16] == "193f6ff5ffcd4a05"


def test_segmentation_scenes():
    scenes = DigitSegmentation("train", 200)
    counts = []
    for index in range(len(scenes)):
        image, labels = scenes.sample(0, index)
        assert image.shape == (1, SIZE, SIZE) and image.dtype == np.float32
        assert labels.shape == (SIZE, SIZE) and labels.dtype == np.int64
        assert labels.min() >= 0 and labels.max() < len(CLASS_NAMES)
        ink = labels > 0
        assert 40 < ink.sum() < 500
        assert image[0][ink].mean() > image[0][~ink].mean() + 0.1
        counts.append(len(np.unique(labels)) - 1)
    assert set(counts) == {1, 2}


def test_levels_noise_and_places_are_what_they_say():
    scenes = DigitSegmentation("train", 300)
    backgrounds, noises, inks = [], [], []
    for index in range(len(scenes)):
        image, labels, _, boxes = scenes._draw(0, index)
        far = np.ones((SIZE, SIZE), bool)  # outside of every box, where no ink reaches
        for x, y, w, h in boxes:
            far[max(y - 3, 0) : y + h + 3, max(x - 3, 0) : x + w + 3] = False
        backgrounds.append(image[far].mean())
        noises.append(image[far].std())
        inks.append(np.median(image[labels > 0]))
        if len(boxes) == 2:
            (ax, ay, aw, ah), (bx, by, bw, bh) = boxes
            assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
    assert min(backgrounds) > -0.02 and max(backgrounds) < 0.32
    assert np.mean(backgrounds) == pytest.approx(0.15, abs=0.02)
    assert np.mean(noises) == pytest.approx(0.08, abs=0.002)
    assert min(inks) > 0.55 and max(inks) < 1.05
    assert np.mean(inks) == pytest.approx(0.8, abs=0.03)


def test_localization_boxes_are_tight():
    scenes = DigitLocalization("train", 100)
    twin = DigitSegmentation("train", 100)
    for index in range(len(scenes)):
        image, label, box = scenes.sample(1, index)
        _, labels, (drawn,), _ = twin._draw(1, index, digits=1)
        assert drawn == label and image.shape == (1, SIZE, SIZE)
        rows, columns = np.nonzero(labels)
        x, y, w, h = box
        assert (x, y) == (columns.min(), rows.min())
        assert (x + w, y + h) == (columns.max() + 1, rows.max() + 1)
        assert 6 <= h <= 21 and x >= 0 and x + w <= SIZE


def test_splits_use_different_digits():
    train, test = DigitSegmentation("train", 1), DigitSegmentation("test", 1)
    assert len(train.images) + len(test.images) == 1797
    seen = {image.tobytes() for image in train.images}
    assert not any(image.tobytes() in seen for image in test.images)
    with pytest.raises(ValueError, match="split is 'val'"):
        DigitSegmentation("val", 1)
