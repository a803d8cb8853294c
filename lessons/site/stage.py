"""Lay out the pages of the site: what the repository shows, under the names that it has there.

Links between pages stay as they are. A link to a file of code leads to a page that shows it, since
a site has no repository beside it. The reference has a page for each package, made of what its
`__all__` lists.
"""

import json
import os
import re
import shutil
from importlib import import_module
from pathlib import Path

from nn_scratch.nets.pretrained import pretrained_file, pretrained_names
from nn_scratch.training.export import export
from nn_scratch.training.inference import load_net

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "RESULTS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "benchmarks/README.md",
    "nn_scratch/data/ATTRIBUTION.md",
    "lessons/*.md",
    "lessons/*.ipynb",
    "lessons/guides/*.md",
    "lessons/images/*",
    "benchmarks/*.png",
    "benchmarks/results/*.png",
]
PACKAGES = (
    "ops",
    "layers",
    "nets",
    "check",
    "exercises",
    "naive",
    "data",
    "training",
    "evaluation",
    "plotting",
    "graph",
    "engine",
)
MODULES = ("backend",)
LINK = re.compile(r"\]\(([^)\s#]+)((?:#[^)\s]*)?)\)")
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
LANGUAGES = {".py": "python", ".cu": "cuda", ".sh": "bash", ".toml": "toml", ".json": "json"}


def stage(folder: Path) -> None:
    """Fill the folder with the source of the site."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = sorted({path for pattern in PAGES for path in ROOT.glob(pattern)})
    shown: set[Path] = set()
    for page in pages:
        target = folder / page.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".md":
            text = page.read_text(encoding="utf-8")
            target.write_text(_relinked(text, page, pages, shown), encoding="utf-8")
        elif page.suffix == ".ipynb":
            _stage_notebook(page, target, pages, shown)
        else:
            shutil.copyfile(page, target)
    for path in sorted(shown):
        _write(folder / "source" / f"{path.relative_to(ROOT)}.md", _code_page(path))
    for name in (*PACKAGES, *MODULES):
        _write(folder / "api" / f"{name}.md", api_page(name))
    for page in Path(__file__).parent.glob("*.md"):
        _write(folder / page.name, page.read_text(encoding="utf-8"))
    for name in pretrained_names():
        export(load_net(pretrained_file(name)), folder / "live" / f"{name}.html")


def public_names(package: str) -> list[str]:
    """What the reference has to list of a package, or of a module that has no `__all__`."""
    module = import_module(f"nn_scratch.{package}")
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
    return sorted(n for n in getattr(module, "__all__", own) if not n.startswith("_"))


def api_page(package: str) -> str:
    """The page of a package: its docstring, then every public name."""
    module = f"nn_scratch.{package}"
    parts = [f"# {module}", "```{eval-rst}", f".. automodule:: {module}", "   :no-members:", ""]
    for name in public_names(package):
        parts += _entry(f"{module}.{name}", getattr(import_module(module), name))
    return "\n".join([*parts, "```", ""])


def _entry(path, found):
    if isinstance(found, type):
        return [f".. autoclass:: {path}", "   :members:", "   :show-inheritance:", ""]
    if callable(found):
        return [f".. autofunction:: {path}", ""]
    return [f".. autodata:: {path}", "   :no-value:", ""]


def _stage_notebook(page, target, pages, shown):
    notebook = json.loads(page.read_text(encoding="utf-8"))
    section = ""
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            section = (re.findall(r"^#+ (.*)", text, re.M) or [section])[-1]
            cell["source"] = _unsplit(_relinked(text, page, pages, shown))
        elif any("image/png" in output.get("data", ()) for output in cell["outputs"]):
            cell["metadata"]["mystnb"] = {"image": {"alt": _alternative(section, text)}}
    target.write_text(json.dumps(notebook), encoding="utf-8")


def _unsplit(text: str) -> str:
    """The text, its displayed formulas without double backslashes: where Sphinx sees one, it splits
    the formula, and a formula that is split cannot have a number. A row may end in \\cr as well."""
    return FORMULA.sub(lambda found: found[0].replace(r"\\", r"\cr "), text)


def _alternative(section, code):
    """What a picture shows, for those who cannot see it: its section, and what drew it."""
    drawn = re.findall(r"^(?:\w+ = )?((?:plot|draw|show)\w*\(.*)", code, re.M)
    return f"{section}: " + (" ".join(drawn[-1:]).strip("(") or "a figure")


def _relinked(text, page, pages, shown):
    """The text, with links to code that lead to the pages which show it."""

    def link(match):
        path = Path(os.path.normpath(page.parent / match.group(1)))
        if ":" in match.group(1) or path in pages or not path.exists():
            return match.group(0)
        if path.is_dir() and path / "README.md" in pages:
            path = path / "README.md"
        else:
            shown.add(path)
            shown.update(_files(path) if path.is_dir() else ())
            path = ROOT / "source" / f"{path.relative_to(ROOT)}.md"
        return f"]({os.path.relpath(path, page.parent)}{match.group(2)})"

    return LINK.sub(link, text)


def _files(folder):
    return [path for path in folder.iterdir() if path.suffix in LANGUAGES]


def _code_page(path):
    """A page that shows a file, or lists a folder."""
    title = f"---\norphan: true\n---\n\n# {path.relative_to(ROOT)}\n\n"
    if path.is_dir():
        return title + "\n".join(f"- [{p.name}]({path.name}/{p.name}.md)" for p in _files(path))
    text, fence = path.read_text(encoding="utf-8"), "``````"
    return f"{title}{fence}{LANGUAGES.get(path.suffix, 'text')}\n{text}{fence}\n"


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
