"""The same work on many files, several of them at a time."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tqdm import tqdm

WORKERS = min(8, os.cpu_count() or 1)
PATIENCE = 1.0  # seconds without a progress bar


def in_threads(work: Callable, items: Sequence, what: str) -> Iterator[Any]:
    """work(item) of each item, in their order, computed by several threads. If it takes long, a
    terminal shows a progress bar titled `what`. If the iteration stops early, so does the work."""
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="nn_scratch-files")
    try:
        results = pool.map(work, items)
        yield from tqdm(results, what, total=len(items), delay=PATIENCE, leave=False, disable=None)
    finally:
        pool.shutdown(cancel_futures=True)
