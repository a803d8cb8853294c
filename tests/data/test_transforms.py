"""Draw, transform, compare: targets stay where their pixels are."""

import numpy as np
import pytest

from nn_scratch.data import DataError, Loader
from nn_scratch.data.transforms import (
    HorizontalFlip,
    RandomCrop,
    RandomPlacement,
    Resize,
    Transformed,
)

CHANGES = {
    "flip": HorizontalFlip(1.0),
    "crop": RandomCrop((12, 14)),
    "placement": RandomPlacement(1.8),
    "resize by whole numbers": Resize((40, 50)),
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
    cropped = Transformed(data, RandomPlacement(2), RandomCrop((9, 11)))
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
    canvases = [RandomPlacement(2)(rng, (ramp,))[0] for _ in range(400)]
    assert {canvas.shape[2] for canvas in canvases} == set(range(6, 13))
    places = {canvas.argmax() % 9 for canvas in canvases if canvas.shape[2] == 9}
    assert places == {5, 6, 7, 8}


def test_the_canvas_has_the_mean_colour_and_the_label_to_fill():
    image = np.stack([np.full((2, 2), 4.0), np.array([[0.0, 2.0], [4.0, 6.0]])])
    labels = np.ones((2, 2), np.int64)
    place = RandomPlacement(3, fill_label=11)
    canvas, around = place(np.random.default_rng(1), (image, labels))
    outside = around == 11
    assert outside.sum() == around.size - 4 > 0
    assert (canvas[0][outside] == 4).all() and (canvas[1][outside] == 3).all()


def test_resizing_averages_and_takes_labels_from_the_nearest():
    image = np.zeros((3, 8, 6), np.float32)
    image[:, :, ::2] = 1
    labels = np.repeat(np.arange(6), 8).reshape(6, 8).T % 3 + 7
    half, fewer, box = Resize((4, 3))(None, (image, labels, np.array([2, 4, 2, 1.0], np.float32)))
    assert half.shape == (3, 4, 3) and half.dtype == np.float32
    np.testing.assert_allclose(half[:, :, 1], 0.5, atol=0.1)
    assert fewer.shape == (4, 3) and fewer.dtype == np.int64 and set(np.unique(fewer)) <= {7, 8, 9}
    np.testing.assert_array_equal(box, [1, 2, 1, 0.5])


def test_a_batch_of_images_of_several_sizes_is_explained():
    placed = Transformed(Rectangles(boxes=False), RandomPlacement(2))
    with pytest.raises(DataError, match="give all images one size"):
        next(Loader(placed, 8).batches())
    assert next(Loader(Transformed(placed, Resize(9)), 8).batches())[0].shape == (8, 2, 9, 9)


@pytest.mark.parametrize(
    "transform, message",
    [
        (
            RandomCrop(5),
            r"the sample's image \(1, 8, 8\) holds its box, 1 to 7",
        ),
        (RandomCrop(9), r"no part of 9 pixels of the sample's image \(1, 8, 8\)"),
    ],
)
def test_what_does_not_fit(transform, message):
    sample = np.zeros((1, 8, 8), np.float32), np.int64(0), np.array([1, 1, 6, 6], np.float32)
    with pytest.raises(DataError, match=message):
        transform(np.random.default_rng(0), sample)


def test_no_canvas_is_smaller_than_its_image():
    with pytest.raises(ValueError, match="factor is"):
        RandomPlacement(0.9)


def test_a_sample_of_no_kind_is_refused():
    image, rng = np.zeros((1, 8, 9), np.float32), np.random.default_rng(0)
    with pytest.raises(
        ValueError, match="sample has 5 parts, but must be an image and its targets"
    ):
        HorizontalFlip(1)(rng, (image,) * 5)
    labels = np.zeros((8, 9), np.int8)
    with pytest.raises(ValueError, match=r"fill_label is 200, but sample\[1\] holds int8"):
        RandomPlacement(2, fill_label=200)(rng, (image, labels))
