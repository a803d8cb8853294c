"""Batches of a data set, in an order that depends only on seed and epoch."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from nn_scratch.arguments import a_function, optional, whole
from nn_scratch.data.collate import Batch, collate_of
from nn_scratch.data.samples import data_set
from nn_scratch.geometry import flag


class Loader:
    """Batches of a data set.

    dataset: an object with a length and `sample(epoch, index)`. If it has `collate(samples)`, that
        makes the batches; otherwise each part of the samples is stacked.
    batch_size: samples in a batch; the last batch may be smaller.
    shuffle: whether the order is a permutation drawn from `default_rng([seed, epoch])`. Without it
        the samples come in order, and always as those of epoch 0.
    prefetch: batches that are made in advance by a background thread; they are the same batches.

    Raises: TypeError or ValueError for numbers that are not whole or too small, or a dataset that
        lacks one of these.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        *,
        shuffle: bool = False,
        seed: int = 0,
        prefetch: int = 0,
    ):
        self.batch_size = whole("batch_size", batch_size, 1)
        self.shuffle = flag("shuffle", shuffle)
        self.seed = whole("seed", seed)
        self.prefetch = whole("prefetch", prefetch)
        self.dataset = data_set("dataset", dataset)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def batches(
        self, epoch: int = 0, start: int = 0, part: Callable[[int], slice] | None = None
    ) -> Iterator[Batch]:
        """The batches of an epoch, from number `start` on.

        part: a function from the number of samples in a batch to the slice of them that is wanted.

        Returns: an iterator of tuples: arrays (N, ...) of stacked samples, or what the data set's
            `collate` makes.
        Raises: TypeError or ValueError if epoch or start is not a whole number of at least 0, or
            part not a function.
        """
        epoch, start = whole("epoch", epoch), whole("start", start)
        optional(a_function, "part", part)
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.dataset))
        else:
            order, epoch = np.arange(len(self.dataset)), 0
        chosen = (
            order[batch * self.batch_size : (batch + 1) * self.batch_size]
            for batch in range(start, len(self))
        )
        load = partial(self._load, epoch, part)
        return _ahead(load, chosen, self.prefetch) if self.prefetch else map(load, chosen)

    def _load(self, epoch, part, chosen):
        """The samples with the chosen indices, or a part of them, as a batch."""
        wanted = chosen if part is None else chosen[part(len(chosen))]
        # An empty part still needs the shapes and dtypes of a sample.
        indices = wanted if len(wanted) else chosen[:1]
        samples = [self.dataset.sample(epoch, int(index)) for index in indices]
        return tuple(part[: len(wanted)] for part in collate_of(self.dataset)(samples))


def _ahead(load, items, count):
    """load(item) of each item, computed in a background thread, up to `count` items in advance."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="nn_scratch-loader")
    items = iter(items)
    waiting = deque(pool.submit(load, item) for item in islice(items, count))
    try:
        while waiting:
            batch = waiting.popleft().result()
            waiting.extend(pool.submit(load, item) for item in islice(items, 1))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)
