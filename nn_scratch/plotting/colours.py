"""Colours that are told apart by readers with the common colour deficiencies too."""

from itertools import chain, cycle, islice

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

from nn_scratch.backend import Array

# White, Paul Tol's "muted" scheme, near-black and grey; then one after the other the colour that is
# farthest from all before it, for normal sight, protanopia, deuteranopia and tritanopia alike
# (CIELAB distances of colours simulated as by Machado et al. 2009).
CLASS_COLOURS = (
    *("#ffffff", "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677"),
    *("#882255", "#aa4499", "#222222", "#dddddd", "#9900ff", "#00ff00", "#8888ff", "#442200"),
    *("#bbffbb", "#4455cc", "#aa1100", "#330044", "#dd9977", "#88bb00", "#aa77cc", "#335533"),
    *("#662266", "#9955ff", "#bbaaff", "#6600cc", "#88ff66", "#ff88cc", "#aa7755", "#7744aa"),
    *("#000055", "#55ddaa", "#dd4400", "#6699aa", "#776655", "#7711aa", "#660044"),
)
NO_CLASS = "#000000"
SIGNED = LinearSegmentedColormap.from_list("signed", ["#56b4e9", "white", "#e69f00"])
# For maps without numbers in them: near the largest values the same colours grow dark.
SIGNED_MAP = LinearSegmentedColormap.from_list(
    "signed_map",
    [(0, "#003a5c"), (0.15, "#2a93d5"), (0.5, "white"), (0.85, "#e69f00"), (1, "#663c00")],
)
DOTS = LinearSegmentedColormap.from_list("dots", ["black", "#e69f00", "#fff0cc"])
VALUES = LinearSegmentedColormap.from_list("values", colormaps["plasma"](np.linspace(0.1, 1, 64)))
WINDOW_COLOURS = ("#8ecdf0", "#f0b64f", "#f7f3c4", "#b58bb5", "#c9d8a8", "#d9d9d9")
LINE_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#222222")  # Okabe & Ito
MARKERS = "os^DvP"
BOX_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7")  # Okabe & Ito
TRUTH_COLOUR, PREDICTION_COLOUR = "#56b4e9", "#e69f00"


def class_colours(count: int) -> list[str]:
    """One colour for each of `count` classes; beyond CLASS_COLOURS matplotlib's, and from the 100th
    on all again."""
    maps = (colormaps[name](range(20)) for name in ("tab20", "tab20b", "tab20c"))
    more = map(to_hex, chain.from_iterable(maps))
    return list(islice(cycle((*CLASS_COLOURS, *more)), count))


def coloured(labels: Array, count: int) -> Array:
    """A label map (H, W) as colours (H, W, 3) from 0 to 1; labels that are none of `count` classes
    are black."""
    table = np.array([to_rgb(colour) for colour in (*class_colours(count), NO_CLASS)])
    known = (labels >= 0) & (labels < count)
    return table[np.where(known, labels, count)]
