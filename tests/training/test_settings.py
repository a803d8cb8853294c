"""Settings: what cannot be meant is one sentence, in Python and on the command line."""

import json
from dataclasses import fields

import pytest

from nn_scratch.cli import main
from nn_scratch.training import TASKS, SettingsError

SEGMENTATION, LOCALIZATION = (TASKS[name].Settings for name in ("segmentation", "localization"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", value) for value in (0, -3, 1.5, True, "many", None, float("nan"))),
        *(("batch_size", value) for value in (0, -1, 2.5, [])),
        *(("width", value) for value in (0, -1, 10**9)),
        *(("kernel_size", value) for value in (0, 10**6)),
        *(("scenes", value) for value in (0, -1)),
        *(("max_lr", value) for value in (0, -1.0, float("inf"), float("nan"), "fast")),
        *(("size", value) for value in ((0, 4), (4,), (4, 4, 4), (4.5, 4), 7, "ab")),
        *(("seed", value) for value in (-1, 0.5)),
        *(("class_weights", value) for value in ("inverse", None)),
        *(("ignore_index", value) for value in (-1, 0.5)),
        *(("flip", value) for value in (1, "yes")),
        ("data", ""),
        ("encoding", "klingon"),
        ("group_by", "("),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(name, value):
    folder = {} if name in ("data", "scenes") else {"data": "somewhere"}
    with pytest.raises(SettingsError, match=f"^{name} is .*, but must be ") as raised:
        SEGMENTATION(**folder, **{name: value})
    assert raised.value.setting == name


@pytest.mark.parametrize("placement", [0.5, -1, float("inf"), float("nan"), 1e9])
def test_no_canvas_is_smaller_than_its_image(placement):
    with pytest.raises(SettingsError, match=r"placement is .*from 1 to 100"):
        LOCALIZATION(data="somewhere", size=(8, 8), placement=placement)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ignore_index": 0}, "ignore_index has no effect on the digit scenes"),
        ({"ignore_index": 255}, "ignore_index has no effect on the digit scenes"),
        ({"encoding": "cp1252"}, "encoding has no effect on the digit scenes"),
        ({"group_by": "folder"}, "group_by has no effect on the digit scenes"),
        ({"data": "photos", "scenes": 10}, "scenes has no effect on the images of a folder"),
    ],
)
def test_an_option_without_effect_is_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        SEGMENTATION(**settings)


@pytest.mark.parametrize("kind", [SEGMENTATION, LOCALIZATION])
def test_settings_survive_json_and_folders_are_absolute(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = kind(data="photos", size=(4, 6), width=3, seed=2, net="mine.py:Net")
    assert settings.data == str(tmp_path / "photos")
    assert settings.net == f"{tmp_path / 'mine.py'}:Net"
    kept = json.loads(json.dumps(settings.as_dict()))
    assert kept.pop("task") == kind.task and kind(**kept) == settings


@pytest.mark.parametrize(
    "wrong",
    [
        "--epochs 0",
        "--epochs two",
        "--batch-size -4",
        "--lr -0.1",
        "--lr nan",
        "--size 0 9",
        "--size 9",
        "--seed -7",
        "--width 99999999",
        "--kernel-size 0",
        "--scenes 0",
        "--ignore-index 3",
        "--encoding cp1252",
        "--class-weights some",
        "--net nothing",
        "--device tpu",
        "--size 2 2",
        "--nonsense",
    ],
)
def test_a_wrong_call_is_one_sentence(wrong, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["train", "segmentation", "--scenes", "4", "--epochs", "1", *wrong.split()]
    try:
        status = main(command)
    except SystemExit as stop:  # argparse's own
        status = stop.code
    said = capsys.readouterr().err
    assert status == 2 and said.count("\n") == 1 and said.startswith("nn-scratch")
    assert not list(tmp_path.iterdir())


def test_every_setting_is_explained():
    for task in TASKS.values():
        for field in fields(task.Settings):
            metadata = field.metadata
            assert metadata["argparse"]["help"] and metadata["rule"].words, field.name


@pytest.mark.parametrize("columns", [1, 8, 20, 80, 300])
def test_help_fits_any_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in "train", "compare", "evaluate", "predict", "info", "demo":
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
    capsys.readouterr()


def test_no_number_of_threads(monkeypatch, capsys):
    for wrong in "abc", "0", "-1", "1.5":
        monkeypatch.setenv("NN_SCRATCH_THREADS", wrong)
        assert main(["info"]) == 2
        assert "NN_SCRATCH_THREADS is" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a\x1b[31mb", "line\nbreak", "\u202egnp", "tab\t", "\x07bell"])
def test_strange_names_in_messages_are_text(name, capsys):
    assert main(["evaluate", f"{name}.npz"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nn-scratch: there is no checkpoint ")
    assert not set(said) & set("\x1b\u202e\t\x07")
