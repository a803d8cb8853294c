"""Names as text for tables and pictures."""

import pytest

from nn_scratch.names import columns, padded, printable, shortened


@pytest.mark.parametrize(
    "name, text",
    [
        ("cat", "cat"),
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("zero\u200bwidth\u2028", r"zero\u200bwidth\u2028"),
        ("\ud800", r"\ud800"),
        ("Käfer 猫 \u05e9\u05dc\u05d5\u05dd $x$ _a", "Käfer 猫 \u05e9\u05dc\u05d5\u05dd $x$ _a"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        (7, "7"),
    ],
)
def test_what_is_not_seen_is_an_escape(name, text):
    assert printable(name) == text
    assert text.replace("\u200c", "").isprintable()


@pytest.mark.parametrize(
    "text, width", [("", 0), ("cat", 3), ("猫", 2), ("e\u0301", 1), ("ﾊﾝ", 2), ("全角a", 5)]
)
def test_columns_of_a_terminal(text, width):
    assert columns(text) == width
    assert columns(padded(text, 9)) == 9


@pytest.mark.parametrize(
    "name, width, text",
    [
        ("background", 10, "background"),
        ("background", 9, "back…ound"),
        ("background", 8, "back…und"),
        ("background", 1, "…"),
        ("猫猫猫猫", 6, "猫…猫"),
        ("a\nb\nc\nd", 5, r"a\…nd"),
    ],
)
def test_long_names_lose_their_middle(name, width, text):
    assert shortened(name, width) == text
    assert columns(shortened(name, width)) <= width
