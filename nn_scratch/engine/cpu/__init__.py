"""The primitives on NumPy arrays, fast: blocks that fit the cache, one thread a core."""
