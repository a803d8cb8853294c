"""What an answer needs of the image, on nets whose needs are known."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch.evaluation import box_score, class_score, label_score, occlusion
from nn_scratch.layers import Conv2d, Layer, Sequential
from nn_scratch.nets import pretrained


class Reads(Layer):
    """Two classes at each pixel; the second one's score is another pixel of the image."""

    def __init__(self, rows, columns):
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x):
        moved = np.roll(x, (-self.rows, -self.columns), axis=(2, 3))
        return np.concatenate([np.zeros_like(x), moved], axis=1)


@pytest.mark.parametrize("window", [1, 3, 4])
@pytest.mark.parametrize("rows, columns", [(0, 0), (3, -2), (-1, 4)])
def test_the_one_pixel_that_an_answer_reads_is_found(rows, columns, window):
    image = np.zeros((1, 9, 12), np.float32)
    image[0, 4 + rows, 5 + columns] = 3
    net = Reads(rows, columns)
    needed = occlusion(net, image, label_score(net(image[None]), (4, 5)), window=window)
    place = np.unravel_index(needed.argmax(), needed.shape)
    assert place == (4 + rows, 5 + columns)
    assert needed.max() == pytest.approx(3)  # whatever covers it, all of it is gone
    if window == 1:
        assert np.count_nonzero(needed) == 1
    near = needed[max(0, place[0] - window + 1) : place[0] + window]
    assert needed.sum() == pytest.approx(near.sum())


def test_every_pixel_of_a_linear_score_is_weighed_by_hand():
    """A square of one pixel: the fall is the weight times what the pixel is above the median."""
    net = Sequential(Conv2d(1, 2, (3, 5), bias=False, rng=0, dtype=np.float64))
    image = draw(1, 3, 5)
    scores = net(image[None])
    (best,) = scores[0].argmax(axis=0).ravel()
    weight = net.params["0.weight"]
    difference = (weight[best] - weight[1 - best])[0]
    needed = occlusion(net, image, label_score(scores, (0, 0)), window=1)
    assert_close(needed, difference * (image[0] - np.median(image)), 10)


def test_steps_see_the_same_more_coarsely():
    image = np.zeros((1, 10, 11), np.float32)
    image[0, 6, 7] = 1
    net = Reads(0, 0)
    score = label_score(net(image[None]), (6, 7))
    for step in 2, 3:
        needed = occlusion(net, image, score, window=4, step=step)
        assert needed.shape == (10, 11) and needed[6, 7] == needed.max() == pytest.approx(1)


def test_scores_of_localizers():
    scores = np.array([[1.0, 5.0, 2.0]]), np.array([[0.2, 0.2, 0.4, 0.4]])
    others = np.array([[0.0, 1.0, 4.0], [1.0, 5.0, 2.0]]), np.array([[0.2, 0.2, 0.4, 0.2]] * 2)
    np.testing.assert_allclose(class_score(scores)(others), [-3, 3])
    np.testing.assert_allclose(box_score(scores)(others), [0.5, 0.5])
    each = scores[0], np.stack([np.full(4, 0.1), scores[1][0], np.full(4, 0.3)])[None]
    np.testing.assert_allclose(box_score(each)(each), [1])


def test_a_score_that_does_not_take_what_the_net_gives():
    net, image = Sequential(Conv2d(1, 2, 3, rng=0, dtype=np.float64)), draw(1, 6, 7)
    three = label_score(np.eye(3)[None, ..., None], (2, 0))  # of class 2
    with pytest.raises(ValueError, match=r"does not take .*: scores \(.*, 2\) have no class 2"):
        occlusion(net, image, three)
    with pytest.raises(TypeError, match=r"does not take .* must be a pair \(scores, boxes\)"):
        occlusion(net, image, class_score((np.array([[1.0, 2.0]]), np.ones((1, 4)))))


def test_a_trained_net_needs_the_digit_and_is_left_as_it_was():
    from nn_scratch.data import DigitLocalization

    image, _, (x, y, w, h) = DigitLocalization("test", 1).sample(0, 0)
    net = pretrained("digits-localization").train()
    net.eval()
    output = net(image[None])
    net.train()
    needed = occlusion(net, image, box_score(output), window=6, step=3)
    inside = np.zeros(needed.shape, bool)
    inside[int(y) : int(y + h), int(x) : int(x + w)] = True
    assert needed[inside].mean() > 3 * abs(needed[~inside].mean())
    assert net.training


@pytest.mark.parametrize("given", [{"window": 0}, {"step": 0}])
def test_windows_and_steps_are_from_1_on(given):
    with pytest.raises(ValueError, match=r"(window|step) is 0"):
        occlusion(Reads(0, 0), np.zeros((1, 3, 3), np.float32), lambda y: y, **given)
