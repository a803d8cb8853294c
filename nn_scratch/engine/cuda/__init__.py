"""The primitives on a GPU: kernels, and what launches them."""
