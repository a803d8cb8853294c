"""Boxes from a table, in the forms of CSV that spreadsheets save."""

import csv
from io import StringIO
from pathlib import Path

from nn_scratch.arguments import a_path
from nn_scratch.data.readers.boxes import FRACTIONS, NOWHERE, BoxRow, four_numbers
from nn_scratch.data.readers.files import DataError, Finder, one_line, read_text

CSV_COLUMNS = ("filename", "label", "xmin", "ymin", "xmax", "ymax")
SEPARATORS = ",;\t"


def box_csv(path: str | Path, images: str | Path, encoding: str | None = None) -> list[BoxRow]:
    """Read boxes from a table with the columns of CSV_COLUMNS, and possibly others, for the images
    in a folder. Values are separated by commas, semicolons or tabs, and may be surrounded by
    blanks. If the separator is not a comma, numbers may have decimal commas.

    Corners are in pixels, counted from 0; if all of them lie between 0 and 1, they are fractions of
    the image. An image with several objects has several rows; an image without objects has a row
    with nothing but its name.

    path: the table. images: the folder of images. encoding: of a file that is neither in UTF-8 nor
    begins with a byte-order mark.

    Returns: a BoxRow for each row.
    Raises: DataError, with the line, for a value that is missing or not a number, or for another
        encoding.
    """
    path, find = a_path("path", path), Finder(images)
    separator, lines = _table(path, read_text(path, encoding))
    rows = []
    for line, record in lines:
        source = f"{path}, line {line}"
        name, label, *texts = (record[column] for column in CSV_COLUMNS)
        label = one_line(label)
        if name and not label and not any(texts):
            rows.append(BoxRow(find(name), None, NOWHERE, source))
            continue
        if not label:
            raise DataError(f"{source}: the label is empty")
        if not (name and all(texts)):
            raise DataError(
                f"{source}: {len(CSV_COLUMNS)} values are needed: {', '.join(CSV_COLUMNS)}"
            )
        if separator != ",":
            texts = [text.replace(",", ".") for text in texts]
        rows.append(BoxRow(find(name), label, four_numbers(texts, source), source))
    return _as_fractions(rows, path)


def _table(path, text):
    """(separator, [(line number, {column: value}) for each row]) of a table."""
    lines, start = list(StringIO(text, newline="")), 0
    if lines and lines[0].lower().startswith("sep="):  # a line that Excel adds
        start = 1
    separator = max(SEPARATORS, key="".join(lines[start : start + 1]).count)
    reader = csv.reader(lines[start:], delimiter=separator)
    found, columns = [], None
    try:
        for values in reader:
            values = [value.strip() for value in values]
            if columns is None:
                columns = [value.lower() for value in values]
                _check_columns(path, columns, separator)
            elif any(values):
                line = start + reader.line_num
                if any(values[len(columns) :]):
                    raise DataError(
                        f"{path}, line {line}: {len(values)} values, but the first line names "
                        f"{len(columns)} columns"
                    )
                values += [""] * (len(columns) - len(values))
                found.append((line, dict(zip(columns, values, strict=False))))
    except csv.Error as error:
        raise DataError(f"{path}, line {start + reader.line_num}: no table: {error}") from error
    if not found:
        raise DataError(f"{path} has no row of values")
    return separator, found


def _check_columns(path, columns, separator):
    """Raise DataError if a table lacks one of CSV_COLUMNS."""
    missing = [name for name in CSV_COLUMNS if name not in columns]
    if missing:
        named = {",": "commas", ";": "semicolons", "\t": "tabs"}[separator]
        raise DataError(
            f"{path} lacks the columns {missing}: the first line must name them, and has, between "
            f"{named}, {columns}"
        )


def _as_fractions(rows, path):
    """The rows, marked as fractions of the image if all of their corners lie between 0 and 1."""
    values = [value for row in rows if row.label is not None for value in row.corners]
    if not values or not all(0 <= value <= 1 for value in values):
        return rows
    if all(value in (0, 1) for value in values):
        raise DataError(
            f"{path} has corners of 0 and 1 only: whole images in fractions, or single pixels? "
            "Write them in pixels"
        )
    return [row._replace(unit=FRACTIONS) for row in rows]
