"""Write names of classes, nets and files for tables and pictures. Names given by users may be long,
and contain characters that break lines or change the text around them."""

from collections.abc import Callable
from unicodedata import category, combining, east_asian_width

from nn_scratch.arguments import a_text, whole

CONTROLS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode's categories without a glyph
JOINERS = "\u200c\u200d"  # these are invisible, too, but some scripts need them
ELLIPSIS = "…"
WIDEST = 10_000  # columns, more than any terminal has


def printable(name: object) -> str:
    """A name in which line breaks, control characters and marks that change the direction of
    writing are replaced by escapes: "\\n", "\\x1b", "\\u202e".

    Returns: one line of text of any width; see `shortened`.
    """
    return "".join(
        escaped(letter) if category(letter) in CONTROLS and letter not in JOINERS else letter
        for letter in str(name)
    )


def escaped(letter: str) -> str:
    """The escape that Python uses for a character."""
    return letter.encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """The width of a text on a terminal.

    Returns: the number of columns: two for each wide character (Chinese, Japanese, Korean), none
        for a character that is combined with another, and one for any other.
    Raises: TypeError if `text` is not a text.
    """
    a_text("text", text)
    return sum(
        0 if combining(letter) or letter in JOINERS else 1 + (east_asian_width(letter) in "WF")
        for letter in text
    )


def shortened(name: object, width: int) -> str:
    """A name as printable text of at most `width` columns on a terminal.

    Returns: the text. If it is too long, an ellipsis replaces its middle, because names are often
        alike at their beginning or end.
    Raises: TypeError or ValueError if width is not a whole number from 1 to 10,000.
    """
    width = whole("width", width, 1, WIDEST)
    return without_middle(printable(name), lambda text: columns(text) <= width)


def padded(name: object, width: int) -> str:
    """A name as printable text of exactly `width` columns on a terminal.

    Returns: the text, shortened or followed by blanks.
    Raises: TypeError or ValueError if width is not a whole number from 1 to 10,000.
    """
    text = shortened(name, width)
    return text + " " * (width - columns(text))


def without_middle(text: str, fits: Callable[[str], bool]) -> str:
    """The text, in which an ellipsis replaces as little of its middle as makes it fit."""
    if fits(text):
        return text
    least, most = 0, len(text) - 1  # bisection of the number of letters to keep; `least` fits
    while least < most:
        keep = (least + most + 1) // 2
        if fits(_ends(text, keep)):
            least = keep
        else:
            most = keep - 1
    return _ends(text, least)


def _ends(text, keep):
    """The first and last letters of a text, `keep` in all, around an ellipsis."""
    return text[: (keep + 1) // 2] + ELLIPSIS + text[len(text) - keep // 2 :]
