"""All boxes move with their pixels: held against masks that are moved as label maps are."""

import numpy as np
import pytest

from nn_scratch.data import HorizontalFlip, RandomCrop, RandomPlacement, Resize, Transformed
from nn_scratch.data.digits import DigitDetection
from nn_scratch.data.transforms import VISIBLE

HEIGHT, WIDTH = 21, 30
CHANGES = {
    "flip": [HorizontalFlip(1.0)],
    "crop": [RandomCrop((13, 16))],
    "placement": [RandomPlacement(1.8)],
    "resize": [Resize((42, 90))],
    "all": [RandomPlacement(1.5), RandomCrop((15, 19)), HorizontalFlip(), Resize((45, 38))],
}


class Objects:
    """Up to five boxes on a dark image, anywhere, overlapping; some of a pixel, one of all."""

    def __len__(self):
        return 60

    def sample(self, epoch, index):
        rng = np.random.default_rng([7, epoch, index])
        count = index % 6
        w, h = rng.integers(1, 9, (2, count))
        x, y = rng.integers(0, WIDTH - w + 1), rng.integers(0, HEIGHT - h + 1)
        boxes = np.stack([x, y, w, h], axis=1).astype(np.float32)
        if index % 11 == 5:
            boxes[0] = 0, 0, WIDTH, HEIGHT
        image = rng.random((2, HEIGHT, WIDTH), np.float32)
        return image, np.arange(count), boxes, rng.random(count) < 0.2


class Masks:
    """The same, with a mask (H, W) of one of the boxes as a label map."""

    def __init__(self, data, which):
        self.data, self.which = data, which

    def __len__(self):
        return len(self.data)

    def sample(self, epoch, index):
        image, _, boxes, _ = self.data.sample(epoch, index)
        x, y, w, h = boxes[self.which].astype(int)
        mask = np.zeros((HEIGHT, WIDTH), np.int64)
        mask[y : y + h, x : x + w] = 1
        return image, mask


def tight(mask):
    """The box of a mask, (x, y, w, h)."""
    rows, columns = np.nonzero(mask)
    x, y = columns.min(), rows.min()
    return [x, y, columns.max() + 1 - x, rows.max() + 1 - y]


@pytest.mark.parametrize("name", CHANGES)
def test_boxes_move_as_their_masks_do(name):
    data, changes = Objects(), CHANGES[name]
    scale = (45 * 38) / (15 * 19) if name == "all" else 6 if name == "resize" else 1
    moved, gone, hard = Transformed(data, *changes, seed=3), 0, 0
    for index in range(len(data)):
        before, after = data.sample(2, index), moved.sample(2, index)
        kept = iter(range(len(after[1])))
        for which in range(len(before[1])):
            image, mask = Transformed(Masks(data, which), *changes, seed=3).sample(2, index)
            np.testing.assert_array_equal(image, after[0])
            if not mask.any():
                gone += 1
                continue
            place = next(kept)
            assert after[1][place] == which
            np.testing.assert_allclose(after[2][place], tight(mask), atol=1e-5)
            whole = before[2][which, 2:].prod() * scale
            hardly = mask.sum() < VISIBLE * whole * (1 - 1e-6)
            assert after[3][place] == (before[3][which] or hardly)
            hard += hardly
        assert next(kept, None) is None
        assert after[2].dtype == np.float32 and after[3].dtype == bool
        assert after[2].shape == (len(after[1]), 4)
    cuts = name in ("crop", "all")
    assert (gone > 10 and hard > 2) if cuts else (gone == hard == 0)


@pytest.mark.parametrize(
    "left, visible",
    [(0, "whole"), (6, "whole"), (7, "difficult"), (7.5, "gone"), (8, "gone"), (-9, "gone")],
)
def test_what_a_crop_leaves_of_an_object(left, visible):
    """A box 8 wide that begins `left` of the crop's left edge, or right of its right edge."""
    image = np.zeros((1, 6, 40), np.float32)
    boxes = np.array([[20 - left, 1, 8, 4], [20, 0, 3, 6]], np.float32)
    seed = next(seed for seed in range(999) if corner(seed) == 20)
    sample = image, np.array([4, 5]), boxes, np.array([False, True])
    _, labels, found, difficult = RandomCrop((6, 9))(np.random.default_rng(seed), sample)
    assert labels[-1] == 5 and difficult[-1] and found[-1].tolist() == [0, 0, 3, 6]
    if visible == "gone":
        assert len(labels) == len(found) == len(difficult) == 1
        return
    assert found[0].tolist() == [0, 1, 8 - left, 4]
    assert difficult[0] == (visible == "difficult")


def corner(seed):
    """Where a crop of 6×9 begins in an image of 6×40 whose columns are numbered."""
    ramp = np.arange(40, dtype=np.float32) * np.ones((1, 6, 1), np.float32)
    return RandomCrop((6, 9))(np.random.default_rng(seed), (ramp,))[0][0, 0, 0]


def test_a_crop_without_any_object():
    sample = DigitDetection("train", 1, digits=0).sample(0, 0)
    for change in RandomCrop(32), HorizontalFlip(1), RandomPlacement(1.5), Resize(20):
        _, labels, boxes, difficult = change(np.random.default_rng(0), sample)
        assert labels.shape == difficult.shape == (0,)
        assert boxes.shape == (0, 4) and boxes.dtype == np.float32


def test_samples_are_not_changed_in_place():
    sample = Objects().sample(0, 5)
    copies = [part.copy() for part in sample]
    for changes in CHANGES.values():
        for change in changes:
            change(np.random.default_rng(1), sample)
    for part, copy in zip(sample, copies, strict=True):
        np.testing.assert_array_equal(part, copy)
