"""What is written reaches every terminal, pipe and parser."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from nn_scratch import strict_json
from nn_scratch.cli import main
from nn_scratch.cli.output import PLAIN


def nn_scratch(*arguments, encoding="utf-8", **options):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "nn_scratch", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "what, encodings",
    [
        (["check", "relu"], ["cp1252", "gbk", "ascii"]),
        (["exercise", "conv3d"], ["cp932", "cp437", "ascii"]),
        (["train", "--help"], ["latin-1", "cp932", "gbk"]),
    ],
)
def test_an_encoding_that_lacks_letters_ends_nothing(what, encodings, tmp_path, monkeypatch):
    """One of them in a process of its own, the others on an output that stands for one."""
    monkeypatch.chdir(tmp_path)
    status, lines = spoken(what, "utf-8", monkeypatch)
    for encoding in encodings:
        assert spoken(what, encoding, monkeypatch) == (status, lines)
    done = nn_scratch(*what, encoding=encodings[-1], cwd=tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (status, lines)
    assert b"Traceback" not in done.stderr


def spoken(what, encoding, monkeypatch):
    """The exit status of a command, and how many lines it writes in this encoding."""
    with monkeypatch.context() as patch:
        for stream in "stdout", "stderr":
            patch.setattr(sys, stream, io.TextIOWrapper(io.BytesIO(), encoding))
        try:
            status = main(what)
        except SystemExit as end:  # of --help
            status = end.code
        sys.stdout.flush()
        return status, len(sys.stdout.buffer.getvalue().splitlines())


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "cp1252"])
def test_letters_become_their_nearest(encoding):
    code = (
        "from nn_scratch.cli.output import speak_plainly; speak_plainly(); "
        "print('∂L/∂x − ⟨J u, dy⟩ ᵀ 漢')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    assert text.replace("∂", "d").replace("－", "-").startswith("dL/dx - <J u, dy> ^T ")


def test_what_stands_for_a_letter_is_ascii():
    assert all(plain.isascii() and not letter.isascii() for letter, plain in PLAIN.items())


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("what", [["check", "conv2d"], ["train", "--help"], ["info"]])
def test_a_closed_pipe_is_no_error(what):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "nn_scratch", *what]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert done.stderr == b""


def refuse(word):
    raise ValueError(f"{word} is no JSON")


@pytest.mark.parametrize(
    "value, expected",
    [
        (float("nan"), None),
        ({"a": [np.float32("inf"), 1.5]}, {"a": [None, 1.5]}),
        (np.array([[1.0, np.nan], [-np.inf, 2.0]]), [[1.0, None], [None, 2.0]]),
        ((np.bool_(True), np.int64(3), None), [True, 3, None]),
        ({"∂": "⟨x⟩", 3: {"deep": (np.float64("nan"),)}}, {"∂": "⟨x⟩", "3": {"deep": [None]}}),
        (ValueError("said"), "said"),
    ],
)
def test_json_is_json(value, expected):
    text = strict_json.dumps(value)
    assert text.isascii()
    assert json.loads(text, parse_constant=refuse) == expected
