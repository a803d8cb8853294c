"""Batches: every sample once, in an order that seed and epoch decide."""

import threading

import numpy as np
import pytest

from nn_scratch.data import Loader


class Numbers:
    """A data set whose samples say who they are."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def sample(self, epoch, index):
        return np.array([epoch, index]), np.int64(index)


def test_every_sample_once_and_a_smaller_last_batch():
    loader = Loader(Numbers(10), 4, shuffle=True, seed=1)
    batches = list(loader.batches(epoch=2))
    assert len(batches) == len(loader) == 3
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    labels = np.concatenate([labels for _, labels in batches])
    assert sorted(labels) == list(range(10)) and list(labels) != list(range(10))
    assert all((pairs[:, 0] == 2).all() for pairs, _ in batches)


def test_order_depends_on_seed_and_epoch():
    def order(seed, epoch):
        batches = Loader(Numbers(20), 20, shuffle=True, seed=seed).batches(epoch)
        return next(iter(batches))[1].tolist()

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(s, e)) for s in (1, 2) for e in (0, 1)}) == 4


def test_without_shuffling_every_epoch_is_the_same():
    loader = Loader(Numbers(5), 2)
    assert [labels.tolist() for _, labels in loader.batches(3)] == [[0, 1], [2, 3], [4]]
    assert all((pairs[:, 0] == 0).all() for pairs, _ in loader.batches(3))


def test_starting_in_the_middle():
    loader = Loader(Numbers(10), 3, shuffle=True)
    whole, rest = list(loader.batches(1)), list(loader.batches(1, start=2))
    for a, b in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(a[1], b[1])


def test_bad_batch_size():
    with pytest.raises(ValueError, match="batch_size is 0"):
        Loader(Numbers(3), 0)


@pytest.mark.parametrize("prefetch", [1, 3, 100])
def test_prefetching_gives_the_same_batches(prefetch):
    options = {"shuffle": True, "seed": 4}
    plain, ahead = (
        Loader(Numbers(11), 3, **options),
        Loader(Numbers(11), 3, prefetch=prefetch, **options),
    )
    for a, b in zip(plain.batches(2, start=1), ahead.batches(2, start=1), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
    assert list(Loader(Numbers(0), 3, prefetch=2).batches()) == []


def test_prefetching_works_ahead_in_another_thread_and_stops_with_its_consumer():
    made = []

    class Watched(Numbers):
        def sample(self, epoch, index):
            made.append((index, threading.current_thread() is threading.main_thread()))
            return super().sample(epoch, index)

    batches = Loader(Watched(20), 1, prefetch=3).batches()
    next(batches)
    batches.close()
    assert 1 <= len(made) <= 4 and not any(main for _, main in made)
    assert not any("nn_scratch-loader" in thread.name for thread in threading.enumerate())


def test_an_error_while_prefetching_arrives_with_its_batch():
    class Broken(Numbers):
        def sample(self, epoch, index):
            if index == 4:
                raise OSError("file 4 is broken")
            return super().sample(epoch, index)

    batches = Loader(Broken(9), 2, prefetch=5).batches()
    assert [next(batches)[1].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(OSError, match="file 4 is broken"):
        next(batches)
