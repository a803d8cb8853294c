"""Draw, transform, compare: targets stay where their pixels are."""

import numpy as np
import pytest

from nn_scratch.data import DataError, Loader
from nn_scratch.data.transforms import HorizontalFlip, RandomCrop, RandomPlacement, Transformed

CHANGES = {
    "flip": HorizontalFlip(1.0),
    "crop": RandomCrop((12, 14)),
    "placement": RandomPlacement((40, 33)),
}


class Rectangles:
    """A bright rectangle on a dark image; its label map, or its class and box."""

    def __init__(self, boxes):
        self.boxes = boxes

    def __len__(self):
        return 30

    def sample(self, epoch, index):
        rng = np.random.default_rng([7, epoch, index])
        w, h = (int(n) for n in rng.integers(2, 8, 2))
        x, y = int(rng.integers(0, 25 - w)), int(rng.integers(0, 20 - h))
        image = np.zeros((2, 20, 25), np.float32)
        image[:, y : y + h, x : x + w] = 100
        if self.boxes:
            return image, np.int64(3), np.array([x, y, w, h], np.float32)
        return image, (image[0] > 50).astype(np.int64)


@pytest.mark.parametrize("name", CHANGES)
def test_label_maps_move_with_their_pixels(name):
    data = Transformed(Rectangles(boxes=False), CHANGES[name], seed=1)
    for index in range(len(data)):
        image, labels = data.sample(0, index)
        assert image.shape[1:] == labels.shape and labels.dtype == np.int64
        np.testing.assert_array_equal(image[1] > 50, labels == 1)


@pytest.mark.parametrize("name", CHANGES)
def test_boxes_move_with_their_pixels(name):
    data = Transformed(Rectangles(boxes=True), CHANGES[name], seed=1)
    for index in range(len(data)):
        image, label, (x, y, w, h) = data.sample(0, index)
        assert label == 3
        expected = np.zeros(image.shape[1:], bool)
        expected[int(y) : int(y + h), int(x) : int(x + w)] = True
        np.testing.assert_array_equal(image[0] > 50, expected)


def test_sizes_and_chance():
    data = Rectangles(boxes=False)
    flipped = Transformed(data, HorizontalFlip(), seed=2)
    same = [np.array_equal(flipped.sample(0, i)[0], data.sample(0, i)[0]) for i in range(len(data))]
    assert 5 < sum(same) < 25
    assert Transformed(data, RandomCrop(9)).sample(0, 0)[0].shape == (2, 9, 9)
    cropped = Transformed(data, RandomPlacement(50), RandomCrop((9, 11)))
    one, again = cropped.sample(3, 5), cropped.sample(3, 5)
    np.testing.assert_array_equal(one[0], again[0])
    assert one[0].shape == (2, 9, 11)
    batch = next(Loader(cropped, 4).batches())
    assert batch[0].shape == (4, 2, 9, 11) and batch[1].shape == (4, 9, 11)


def test_every_place_of_a_crop_and_of_a_placement_occurs():
    ramp = np.arange(6, dtype=np.float32).reshape(1, 1, 6)
    rng = np.random.default_rng(0)
    starts = {RandomCrop((1, 3))(rng, (ramp,))[0][0, 0, 0] for _ in range(200)}
    assert starts == {0, 1, 2, 3}
    places = {int(RandomPlacement((1, 9))(rng, (ramp,))[0].argmax()) for _ in range(200)}
    assert places == {5, 6, 7, 8}


def test_the_canvas_has_the_mean_colour_and_the_label_to_fill():
    image = np.stack([np.full((2, 2), 4.0), np.array([[0.0, 2.0], [4.0, 6.0]])])
    labels = np.ones((2, 2), np.int64)
    canvas, around = RandomPlacement(4, fill_label=11)(np.random.default_rng(0), (image, labels))
    outside = around == 11
    assert outside.sum() == 12
    assert (canvas[0][outside] == 4).all() and (canvas[1][outside] == 3).all()


@pytest.mark.parametrize(
    "transform, message",
    [
        (RandomCrop(5), r"no part of 5 pixels of an image \(1, 8, 8\) holds its box, 1 to 7"),
        (RandomCrop(9), r"no part of 9 pixels of an image \(1, 8, 8\)"),
        (RandomPlacement(7), r"an image of \(8, 8\) does not fit a canvas of \(7, 7\)"),
    ],
)
def test_what_does_not_fit(transform, message):
    sample = np.zeros((1, 8, 8), np.float32), np.int64(0), np.array([1, 1, 6, 6], np.float32)
    with pytest.raises(DataError, match=message):
        transform(np.random.default_rng(0), sample)
