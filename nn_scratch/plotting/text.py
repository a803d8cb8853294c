"""Names in pictures: text, whatever is in them, that fits where it stands.

Matplotlib takes dollar signs for formulas, leaves out of legends what begins with an underscore,
cuts off what is too long, and draws empty boxes where its font has no letter.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from math import ceil

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from nn_scratch.names import escaped, printable, without_middle

POINTS = 72  # in an inch
TITLE, LEGEND = 9, 10  # font sizes in points
PAGE = 7.5  # inches: a wider figure is made smaller where a page shows it, with its letters
HANDLE, SPACING, BORDER = 2.8, 2.0, 0.8  # of a legend, in font sizes: matplotlib's own
WIDEST = 2.3  # inches, of a name in a legend
LINE = 1.7  # in font sizes, from one row of a legend to the next


def plain(name: object) -> str:
    """A name as one line of text, in letters that some font of this machine has; those that none
    has are escapes."""
    text = printable(name)
    _, missing = _fonts(frozenset(text))
    return "".join(escaped(letter) if letter in missing else letter for letter in text)


def fitted(name: object, inches: float, size: float = TITLE) -> str:
    """A name as plain text no wider than so many inches, without its middle if need be."""
    return without_middle(plain(name), lambda text: text_width(text, size) <= inches)


def on_a_page(size: float, figure: Figure) -> float:
    """A font size in points with which letters have that size where a page shows the figure."""
    return size * max(1.0, figure.get_figwidth() / PAGE)


def text_width(text: str, size: float) -> float:
    """The width of one line of plain text in inches."""
    font = FontProperties(family=_families(text), size=size)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / POINTS


def options(*lines: str) -> dict:
    """What a matplotlib text needs to show these lines as they are."""
    return {"parse_math": False, "fontfamily": _families("".join(lines))}


def write(text: Text, *lines: str) -> None:
    """Let a matplotlib text show these lines of plain text, and nothing else."""
    text.set_text("\n".join(lines))
    text.set(**options(*lines))


def title(axis: Axes, *lines: str, size: float = TITLE, pad: float | None = None) -> None:
    """Give an axis a title of these lines of plain text."""
    write(axis.set_title("", fontsize=size, pad=pad), *lines)


def legend_below(figure: Figure, handles: Sequence[Artist], names: Sequence[object]) -> Legend:
    """A legend below all axes, in as many columns as are no wider than the figure, which grows by
    the height of the legend."""
    room = figure.get_figwidth() - 0.2
    em = LEGEND / POINTS
    widest = min(room - em * (HANDLE + BORDER), WIDEST)
    texts = [fitted(name, widest, LEGEND) for name in names]
    widths = np.array([em * HANDLE + text_width(text, LEGEND) for text in texts])
    columns = len(texts)
    while columns > 1 and _legend_width(widths, columns) > room:
        columns -= 1
    rows = ceil(len(texts) / max(columns, 1))
    columns = ceil(len(texts) / max(rows, 1))  # as few as fill the same rows
    figure.set_figheight(figure.get_figheight() + em * (rows * LINE + BORDER))
    order = _row_by_row(len(texts), columns)
    handles, texts = [handles[n] for n in order], [texts[n] for n in order]
    place = "outside lower center"
    return legend(figure, handles, texts, loc=place, ncols=max(columns, 1), fontsize=LEGEND)


def legend(place: Figure | Axes, handles: Sequence[Artist], texts: Sequence[str], **how) -> Legend:
    """A legend of plain texts in a figure or an axis; those that begin with an underscore too."""
    made = place.legend(handles, [f"{n}" for n in range(len(texts))], frameon=False, **how)
    for label, text in zip(made.get_texts(), texts, strict=True):
        write(label, text)
    return made


def _row_by_row(count, columns):
    """The order in which a legend, which fills one column after the other, is read row by row."""
    return [n for column in range(columns) for n in range(column, count, columns)]


def _legend_width(widths, columns):
    """The width of a legend in inches, whose rows are filled one after the other."""
    gaps = (columns - 1) * SPACING + BORDER
    return sum(widths[c::columns].max() for c in range(columns)) + gaps * LEGEND / POINTS


def _families(text):
    return list(_fonts(frozenset(text))[0])


@lru_cache(maxsize=256)
def _fonts(letters):
    """(names of fonts that together have these letters, the letters that none has)."""
    first = rcParams["font.family"]
    own = _letters(findfont(FontProperties(family=first)))
    missing = {letter for letter in letters if ord(letter) not in own}
    families = list(first)
    for font in sorted(fontManager.ttflist, key=lambda font: (font.weight != 400, font.name)):
        if not missing:
            break
        if font.name in families or font.name.startswith("Last Resort"):  # boxes for everything
            continue
        found = {letter for letter in missing if ord(letter) in _letters(font.fname)}
        if found:
            families.append(font.name)
            missing -= found
    return tuple(families), frozenset(missing)


@cache
def _letters(file):
    """The code points of which a font has a picture."""
    try:
        return frozenset(get_font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
