"""The command line."""

from nn_scratch.cli.main import main

__all__ = ["main"]
