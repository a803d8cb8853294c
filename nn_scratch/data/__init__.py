"""Data: scenes made of real handwriting, drawn anew from a seed, and batches of them."""

from nn_scratch.data.digits import DigitLocalization, DigitSegmentation
from nn_scratch.data.loader import Loader

__all__ = ["DigitLocalization", "DigitSegmentation", "Loader"]
