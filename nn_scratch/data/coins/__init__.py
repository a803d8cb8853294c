"""A photograph of 24 Greek coins, with a mask of each coin."""

from nn_scratch.data.coins.photograph import CoinDetection, CoinSegmentation, load_coins

__all__ = ["CoinDetection", "CoinSegmentation", "load_coins"]
