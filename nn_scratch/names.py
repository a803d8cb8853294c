"""Names that people gave to classes, nets and files, as text for tables and pictures: however long
and strange they are, they neither break a line nor change what stands around them."""

from collections.abc import Callable
from unicodedata import category, combining, east_asian_width

from nn_scratch.arguments import a_text, whole

CONTROLS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode's categories of what is not seen
JOINERS = "\u200c\u200d"  # letters of some scripts need them
ELLIPSIS = "…"
WIDEST = 10_000  # columns; no terminal has more


def printable(name: object) -> str:
    """A name with what is not seen (line breaks, control characters, marks that turn the direction
    of writing) written as an escape: "\\n", "\\x1b", "\\u202e".

    Returns: one line of text, which may be wider than any place for it; see `shortened`.
    """
    return "".join(
        escaped(letter) if category(letter) in CONTROLS and letter not in JOINERS else letter
        for letter in str(name)
    )


def escaped(letter: str) -> str:
    """A character as Python's escape of it."""
    return letter.encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """How wide a text is on a terminal.

    Returns: its columns: two for each wide character (of Chinese, Japanese and Korean), none for
    what stands on or under another.
    Raises: TypeError for what is no text.
    """
    a_text("text", text)
    return sum(
        0 if combining(letter) or letter in JOINERS else 1 + (east_asian_width(letter) in "WF")
        for letter in text
    )


def shortened(name: object, width: int) -> str:
    """A name as printable text that takes no more than `width` columns of a terminal.

    Returns: the text, with an ellipsis for its middle if need be: names are often alike at one end.
    Raises: TypeError or ValueError if width is no whole number from 1 to WIDEST.
    """
    width = whole("width", width, 1, WIDEST)
    return without_middle(printable(name), lambda text: columns(text) <= width)


def padded(name: object, width: int) -> str:
    """A name as printable text that takes `width` columns of a terminal.

    Returns: the text, shortened or followed by blanks.
    Raises: as shortened.
    """
    text = shortened(name, width)
    return text + " " * (width - columns(text))


def without_middle(text: str, fits: Callable[[str], bool]) -> str:
    """The text, with an ellipsis for as little of its middle as makes it fit."""
    if fits(text):
        return text
    least, most = 0, len(text) - 1  # letters to keep; `least` of them fit
    while least < most:
        keep = (least + most + 1) // 2
        if fits(_ends(text, keep)):
            least = keep
        else:
            most = keep - 1
    return _ends(text, least)


def _ends(text, keep):
    """The first and last letters of a text, `keep` in all."""
    return text[: (keep + 1) // 2] + ELLIPSIS + text[len(text) - keep // 2 :]
