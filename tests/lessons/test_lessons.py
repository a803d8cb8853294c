"""The lessons: they run, and the committed notebooks are what their sources say."""

import importlib.util
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli.main import _parser
from nn_scratch.exercises.exercise import EXERCISES

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "lessons"

spec = importlib.util.spec_from_file_location("build", LESSONS / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

SOURCES = build.lessons()


def name(path):
    return path.stem


def test_there_are_lessons():
    assert [source.name[:2] for source in SOURCES] == [f"{number:02}" for number in range(17)]


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_lesson_runs(source):
    """As a plain script, with little training: every assert in it holds."""
    environment = {**os.environ, "NN_SCRATCH_FAST": "1"}
    command = [sys.executable, source]
    done = subprocess.run(command, capture_output=True, text=True, cwd=LESSONS, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_lesson_on_photographs_takes_a_folder_of_one_s_own(tmp_path):
    """With images of two sizes, and two classes without names."""
    rng = np.random.default_rng(0)
    for folder in "images", "masks":
        (tmp_path / folder).mkdir()
    for index in range(20):
        size = (30, 44) if index % 2 else (41, 33)
        mask = np.zeros(size, np.uint8)
        mask[5:20, 8 : 12 + index] = 1
        image = rng.integers(0, 80, (*size, 3)) + 150 * mask[..., None]
        Image.fromarray(image.astype(np.uint8)).save(tmp_path / "images" / f"{index}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{index}.png")
    environment = {**os.environ, "NN_SCRATCH_FAST": "1", "NN_SCRATCH_DATA": str(tmp_path)}
    command = [sys.executable, "14_real_photographs.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=LESSONS, env=environment)
    assert done.returncode == 0, done.stderr
    trained, held = map(
        int, re.search(r"(\d+) images to train on, (\d+) held", done.stdout).groups()
    )
    assert trained + held == 20 and held > 0


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_the_notebook_was_built_from_its_source(source):
    assert build.up_to_date(source), f"run: python lessons/build.py {source.name[:2]}"
    assert source.with_suffix(".ipynb").stat().st_size < 1_000_000


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_the_notebook_holds_the_source_executed_in_order(source):
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    notebook = json.loads(source.with_suffix(".ipynb").read_text())
    expected = jupytext.read(source).cells
    assert len(notebook["cells"]) == len(expected)
    for cell, wanted in zip(notebook["cells"], expected, strict=True):
        assert "".join(cell["source"]) == wanted.source
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert "error" not in kinds
    streams = {o.get("name") for cell in code for o in cell["outputs"]} - {None}
    assert streams <= {"stdout"}


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_what_a_cell_draws_is_shown(source):
    """Jupyter shows the value of a cell's last line only."""
    for cell in json.loads(source.with_suffix(".ipynb").read_text())["cells"]:
        if re.search(r"^plot_\w+\(", "".join(cell["source"]), re.MULTILINE):
            assert any("image/png" in output.get("data", {}) for output in cell["outputs"]), cell


def test_editing_a_source_or_its_figures_makes_its_notebook_out_of_date(tmp_path):
    source, figures, others = (tmp_path / n for n in ("01_x.py", "figures.json", "others.json"))
    text = '# %%\nopen("figures.json").read()\n'

    def build_from(content):
        source.write_text(text)
        figures.write_text(content)
        others.write_text("1")
        notebook = {"metadata": {"source_hash": build.source_hash(source)}}
        source.with_suffix(".ipynb").write_text(json.dumps(notebook))

    assert not source.with_suffix(".ipynb").exists()
    build_from("1")
    assert build.up_to_date(source)
    others.write_text("2")
    assert build.up_to_date(source)
    figures.write_text("2")
    assert not build.up_to_date(source)
    build_from("2")
    source.write_text(text + "1 + 2\n")
    assert not build.up_to_date(source)


# ---------------------------------------------------------------- what the lessons refer to

TEXTS = {source.name[:2]: source.read_text() for source in SOURCES}
PAGES = [LESSONS / "README.md", LESSONS / "TEACHING.md", ROOT / "README.md"]


def tags(lesson):
    return set(re.findall(r"\\tag\{(\d+)\}", TEXTS[lesson]))


def referred(text):
    """(lesson or "", equations) of all references, which read "equations (2) and (3) of lesson 01",
    "lesson 02, equation (3)" or just "equation (1)"."""
    plain = re.sub(r"\n# ?", " ", text)
    numbers = r"[Ee]quations? (\(\d+\)(?:(?:,| and| to) \(\d+\))*)"
    pattern = rf"(?:lesson (\d\d), )?{numbers}(?: of lesson (\d\d))?"
    for before, listed, after in re.findall(pattern, plain):
        yield before or after, re.findall(r"\d+", listed)


@pytest.mark.parametrize("lesson", TEXTS)
def test_equations_that_are_referred_to_exist(lesson):
    assert tags(lesson) == {str(n) for n in range(1, len(tags(lesson)) + 1)}
    for other, equations in referred(TEXTS[lesson]):
        assert set(equations) <= tags(other or lesson), (other, equations)


def sections(lesson):
    return set(re.findall(r"^# ## (\d+)\. ", TEXTS[lesson], re.MULTILINE))


@pytest.mark.parametrize("lesson", TEXTS)
def test_sections_that_are_referred_to_exist(lesson):
    """Which read "section 3", or "lesson 12, section 9"; those of papers do not count."""
    plain = re.sub(r"\n# ?", " ", TEXTS[lesson].split("# ## Read on")[0])
    for other, number in re.findall(r"(?:lesson (\d\d), )?[Ss]ection (\d+)", plain):
        assert number in sections(other or lesson), (other, number)


LIST = re.compile(r"^# [^\s%#*+-][^\n]*\n# (?:1[.)]|[-+*]) [^\n]*", re.MULTILINE)


@pytest.mark.parametrize("lesson", TEXTS)
def test_no_sentence_becomes_a_list(lesson):
    """As one would of which a line begins with "1. " or "- "."""
    assert LIST.findall(TEXTS[lesson]) == []


def test_a_list_within_a_paragraph_is_found():
    broken = "# each row sums to\n# {} Here, from 2 to 4,\n"
    assert all(LIST.findall(broken.format(mark)) for mark in ("1.", "1)", "-", "*", "+"))
    assert not any(LIST.findall(broken.format(mark)) for mark in ("12.", "**1**", "−1", "1"))
    assert not LIST.findall("# - one\n# - two\n#\n# - three\n")


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_sections_that_pages_name_exist(page):
    """Which read "03 §1–5, §8"."""
    for lesson, listed in re.findall(
        r"(\d\d),? ((?:(?:, | and )?§\d+(?:–\d+)?)+)", page.read_text(encoding="utf-8")
    ):
        assert set(re.findall(r"\d+", listed)) <= sections(lesson), (lesson, listed)


def test_references_are_found():
    text = "see equation (1), or equations (2) and\n# (3) of lesson 01; lesson 02, equation (4)"
    assert list(referred(text)) == [("", ["1"]), ("01", ["2", "3"]), ("02", ["4"])]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.name)
def test_the_derivations_that_the_checker_names_exist(exercise):
    ((lesson, equations),) = referred(exercise.lesson)
    assert set(equations) <= tags(lesson)


def test_every_exercise_is_set_by_the_lesson_that_it_names():
    blanks = sorted((ROOT / "nn_scratch" / "exercises" / "problems").glob("[0-9][0-9]_*.py"))
    assert len(blanks) == 19
    lessons = {
        blank: re.findall(r"\(lesson (\d\d)\)", blank.read_text().splitlines()[0])[0]
        for blank in blanks
    }
    blanks = [blank for blank in blanks if lessons[blank] in TEXTS or lessons[blank] != "11"]
    for blank in blanks:
        lesson = lessons[blank]
        assert f"nn-scratch exercise {blank.name[:2]}\n" in TEXTS[lesson], blank.name
    numbers = re.findall(r"nn-scratch exercise (\d\d)", "".join(TEXTS.values()))
    assert {blank.name[:2] for blank in blanks} == set(numbers)


@pytest.mark.parametrize("lesson", TEXTS)
def test_files_and_pictures_that_are_named_exist(lesson):
    for path in re.findall(r"`((?:nn_scratch|benchmarks|tests|lessons)/[\w/.]+)`", TEXTS[lesson]):
        assert (ROOT / path).exists(), path
    for picture in re.findall(r"!\[[^]]+\]\(([^)]+)\)", TEXTS[lesson]):
        assert (LESSONS / picture).exists(), picture
    for script in re.findall(r"python (\w+/\w+\.py)", TEXTS[lesson]):
        assert (ROOT / script).exists(), script


def test_the_command_that_opens_the_lessons_is_there():
    """Where the extra is installed that the map of the lessons names."""
    pytest.importorskip("jupytext", reason="the extra 'lessons' is not installed")
    page = (LESSONS / "README.md").read_text()
    assert "pip install -e '.[lessons]' && jupyter lab lessons\n" in page
    assert shutil.which("jupyter-lab", path=Path(sys.executable).parent)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_map_names_every_lesson(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    assert all((page.parent / link).exists() for link in links if "://" not in link)
    notebooks = {Path(link).name for link in links if link.endswith(".ipynb")}
    assert notebooks == {source.with_suffix(".ipynb").name for source in SOURCES}


def test_the_page_for_lecturers_answers_every_exercise():
    """Those for the checker are in its table; of the numbered questions each has an answer."""
    page = (LESSONS / "TEACHING.md").read_text(encoding="utf-8")
    for blank in (ROOT / "nn_scratch" / "exercises" / "problems").glob("[0-9][0-9]_*.py"):
        (lesson,) = re.findall(r"\(lesson (\d\d)\)", blank.read_text().splitlines()[0])
        assert re.search(rf"^\| {lesson} \| {blank.name[:2]} `", page, re.MULTILINE), blank.name
    for lesson, text in TEXTS.items():
        questions = re.search(
            r"^# ## \d+\. Exercises?\n(.*?)^# ## ", text, re.DOTALL | re.MULTILINE
        )
        for number in re.findall(r"^# (\d)\. ", questions.group(1), re.MULTILINE):
            assert re.search(rf"\*\*{lesson}(\.{number})?\*\*", page), (lesson, number)


def test_the_page_for_lecturers_counts_the_attempts():
    counts = []
    for path in (ROOT / "tests" / "exercises").glob("attempts*.py"):
        namespace = runpy.run_path(path)
        counts += map(len, namespace["WRONG"].values())
    assert f"The {sum(counts)} that the tests" in (LESSONS / "TEACHING.md").read_text()


COMMAND = re.compile(r"^# {5,}(nn-scratch [^\n#]+)", re.MULTILINE)
COMMANDS = [c.strip() for text in TEXTS.values() for c in COMMAND.findall(text)]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_such(command):
    """The parser takes them."""
    _parser().parse_args(shlex.split(command)[1:])


@pytest.mark.slow
def test_the_layer_to_repair_is_checked_by_the_command_shown(tmp_path):
    (block,) = re.findall(r"# ```python\n(.*?)# ```", TEXTS["15"], re.DOTALL)
    ((file, layer),) = re.findall(r"nn-scratch check (\w+\.py):(\w+)", TEXTS["15"])
    code = "".join(line[2:] or "\n" for line in block.splitlines(keepends=True))
    right = code.replace("return dy * s ", "return dy * (s + x * s * (1 - s)) ")
    for text, status in ((code, 1), (right, 0)):
        (tmp_path / file).write_text(text)
        command = [sys.executable, "-m", "nn_scratch", "check", f"{file}:{layer}"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == status, done.stdout + done.stderr


@pytest.mark.slow
def test_the_moving_pictures_are_those_that_the_code_draws(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    (tmp_path / "images").mkdir()
    build.draw_pictures()
    drawn = sorted((tmp_path / "images").iterdir())
    kept = {path.name for path in LESSONS.glob("images/*.gif")} - {"learning.gif"}  # of a training
    assert {path.name for path in drawn} == kept
    for path in drawn:
        with Image.open(path) as new, Image.open(LESSONS / "images" / path.name) as old:
            assert (new.n_frames, new.size) == (old.n_frames, old.size)
            for frame in range(new.n_frames):
                pair = []
                for picture in (new, old):
                    picture.seek(frame)
                    pair.append(np.asarray(picture.convert("RGB"), float))
                assert np.abs(np.subtract(*pair)).mean() < 2  # fonts differ a little
