"""The film of learning: the same training, looked at."""

import numpy as np

from nn_scratch.data import DigitLocalization, DigitSegmentation
from nn_scratch.training import film
from nn_scratch.training.recipes import localization, segmentation

SHORT = {"scenes": 24, "epochs": 2, "batch_size": 8, "width": 2}


def test_the_film_shows_the_net_before_each_step_and_leaves_the_training_as_it_is():
    image, _ = DigitSegmentation("test", 1).sample(0, 0)
    one, unseen = segmentation(**SHORT), segmentation(**SHORT)
    first = segmentation(**SHORT).net.eval()(image[None])
    seen = film(one, image[None], (0, 3))
    unseen.run(progress=False)
    assert list(seen) == [0, 3, 6]
    np.testing.assert_array_equal(seen[0], first)
    np.testing.assert_array_equal(seen[6], one.net.eval()(image[None]))
    assert not np.array_equal(seen[3], seen[6])
    for name, array in unseen.net.params.items():
        np.testing.assert_array_equal(array, one.net.params[name])


def test_a_localizer_s_film_has_scores_and_boxes():
    image, _, _ = DigitLocalization("test", 1).sample(0, 0)
    seen = film(localization(**SHORT), image[None], (2,))
    assert [part.shape for part in seen[2]] == [(1, 10), (1, 4)]
