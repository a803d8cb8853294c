"""Batches of a data set, in an order that depends on seed and epoch alone."""

import numpy as np

from nn_scratch.shapes import integer


class Loader:
    """Batches of `dataset`, which has `sample(epoch, index)` and a length.

    With `shuffle` the order is a permutation drawn from `default_rng([seed, epoch])`; without, the
    samples come in order and as of epoch 0, the same every time. The last batch may be smaller.
    """

    def __init__(self, dataset, batch_size, *, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = integer("batch_size", batch_size, least=1)
        self.shuffle = shuffle
        self.seed = seed

    def __len__(self):
        """Batches per epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def batches(self, epoch=0, start=0, part=None):
        """The epoch's batches from number `start` on: tuples of arrays, stacked samples.

        `part` gives, for the number of samples in a batch, the slice of them to yield.
        """
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.dataset))
        else:
            order, epoch = np.arange(len(self.dataset)), 0
        for batch in range(start, len(self)):
            chosen = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            wanted = chosen if part is None else chosen[part(len(chosen))]
            # Of no samples, one still tells shapes and dtypes.
            samples = [
                self.dataset.sample(epoch, int(i)) for i in (wanted if len(wanted) else chosen[:1])
            ]
            yield tuple(np.stack(parts)[: len(wanted)] for parts in zip(*samples, strict=True))
