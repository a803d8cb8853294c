"""How Sphinx builds the site: `python lessons/build.py --site`."""

import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import nn_scratch

project = "nn_scratch"
author = "The nn_scratch authors"
copyright = author
version = release = nn_scratch.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx.ext.mathjax"]
exclude_patterns = ["LICENSE"]
html_theme = "furo"
html_title = "nn_scratch"
html_css_files = ["site.css"]
html_static_path = [str(Path(__file__).parent / "static")]
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # browsers fetch no summaries for a site opened from disk

nb_execution_mode = "off"  # the notebooks hold their outputs
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_mime_priority_overrides = [("html", "image/gif", 0)]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4

default_role = "code"  # in docstrings, `x` is code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 80
python_display_short_literal_types = True

MATHJAX = "tex-svg.js"  # one file that holds its fonts
mathjax_path = MATHJAX


def setup(app):
    app.connect("autodoc-process-docstring", as_restructured_text)
    app.connect("autodoc-process-signature", with_short_types)
    app.connect("build-finished", copy_files)


def copy_files(app, error):
    """Formulas are typeset without a network, by the copy that a package brings; and trained nets
    are at work in pages of their own."""
    if error is None:
        live = Path(app.srcdir) / "live", Path(app.outdir) / "live"
        shutil.copytree(*live, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        package = Path(find_spec("sphinx-mathjax-offline").origin).parent
        shutil.copyfile(
            package / "static" / "mathjax" / MATHJAX, Path(app.outdir) / "_static" / MATHJAX
        )


def with_short_types(app, what, name, obj, options, signature, returned):
    """Arrays are called what the code calls them."""
    short = [
        re.sub(r"(~?numpy\.)?\bndarray\b(\[[^]]*\]+)?|~?typing\.(?=Any)", _array, text)
        if text
        else text
        for text in (signature, returned)
    ]
    return tuple(short)


def _array(match):
    return "Array" if "ndarray" in match.group() else ""


def as_restructured_text(app, what, name, obj, options, lines):
    """Docstrings are plain text with `code`, indented examples, lists of arguments, and paragraphs
    that begin with Returns: and Raises:. A table of things by name has no docstring: its names are
    listed."""
    if isinstance(obj, dict):
        lines[:] = ["By name: " + ", ".join(f"`{key}`" for key in obj) + "."]
    else:
        lines[:] = _fields(_literal_blocks(_arguments(_escaped("\n".join(lines)).split("\n"))))


def _escaped(text):
    """Stars, bars and trailing underscores mean themselves outside code; bold stays bold. Code may
    be followed by a letter."""
    pieces = re.split(r"(`[^`]*`|\*\*[^*]+\*\*)", text)
    for number in range(0, len(pieces), 2):
        joint = "\\ " if number and re.match(r"\w", pieces[number]) else ""
        pieces[number] = joint + re.sub(r"([*|]|_(?=\W|$))", r"\\\1", pieces[number])
    return "".join(pieces)


def _literal_blocks(lines):
    """An indented block after a blank line is an example, or a table: shown as it stands."""
    result, literal = [], False
    for before, line in zip(["", *lines], lines, strict=False):
        indented = line.startswith("    ")
        if indented and not literal and not before.strip():
            result += ["::", ""]
            literal = True
        if line.strip() and not indented:
            literal = False
        result.append(re.sub(r"\\([*|_])", r"\1", line) if literal else line)
    return result


def _arguments(lines):
    """Paragraphs of arguments, each from its line on and further in below it, as lists."""
    result, paragraph = [], []
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line)
            continue
        further = [re.match(r"    +\S", text) for text in paragraph]
        if any(further) and not further[0] and not re.match("(Returns|Raises): ", paragraph[0]):
            pairs = zip(further, paragraph, strict=True)
            paragraph = [f"  {text.strip()}" if inside else f"- {text}" for inside, text in pairs]
        result += [*paragraph, line]
        paragraph = []
    return result[:-1]


def _fields(lines):
    """Paragraphs that begin with Returns: and Raises:, as the fields that Sphinx lays out."""
    result, within = [], False
    for line in lines:
        field = re.match(r"(Returns|Raises): (.*)", line)
        if field:
            result += ["", f":{field.group(1)}: {field.group(2)}"]
        else:
            within = within and bool(line.strip())
            result.append(f"    {line.strip()}" if within else line)
        within = within or bool(field)
    return result


sys.path.insert(0, str(Path(__file__).parent))
