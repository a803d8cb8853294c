"""Cross-entropy per pixel in blocks against the plain one."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import loss


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(2, 5, 7, 9), (1, 3, 40, 1), (4, 2)])
def test_same_results_as_the_plain_primitives(shape, threads, monkeypatch):
    monkeypatch.setattr(loss, "BLOCK_ELEMENTS", 50)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(threads))
    scores = 20 * draw(*shape)
    labels = np.random.default_rng(1).integers(0, shape[1], (shape[0], *shape[2:]))
    factors = draw(*labels.shape, seed=2)
    terms = plain.cross_entropy_terms(scores, labels)
    slopes = plain.cross_entropy_slopes(scores, labels, factors)
    assert_close(loss.cross_entropy_terms(scores, labels), terms)
    assert_close(loss.cross_entropy_slopes(scores, labels, factors), slopes)
    behind = strided(scores), strided(labels.astype(np.uint8))
    assert_close(loss.cross_entropy_terms(*behind), terms)
    assert_close(loss.cross_entropy_slopes(*behind, strided(factors)), slopes)
