"""Run a student's file in a process of its own, so that nothing that it does can stop the tool.

The process has limits of time and memory, and writes its reports to a temporary folder with a
random name. A report counts only if it has the token that the process got over its standard input.
What the file prints is collected separately. If the process is ended by `sys.exit`, by a crash or
by a limit, that becomes a result like others.

The code that judges the file runs in the same process. So a hostile file can find the token in the
frames that called it, or replace the code that judges it; lessons/guides/grading.md says what
remains possible.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from nn_scratch.user_file import UserCodeError

# The stages of a task in its report. Between IMPORT and DONE the stage is the name of a function;
# AGAIN means that the remaining functions need a new process.
IMPORT, AGAIN, DONE = "import", "again", "done"
FRAMEWORKS = ("torch", "tensorflow", "jax", "keras", "mxnet", "paddle", "autograd", "cupy")
ENDINGS = ("ended", "crashed", "timeout", "memory")  # mistakes that give the exit status 4
START = 60.0  # seconds for the process to start, also on a busy machine
PAUSE = 0.005  # seconds between two looks at a report
# The report of a task that has written none.
UNKNOWN: dict = {"stage": IMPORT, "results": [], "error": None, "imports": []}
KEPT = 20_000  # bytes of a file's output that are kept
ROOT = str(Path(__file__).resolve().parents[2])
# A file in the current folder must not be imported in place of a module that this process needs.
CODE = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); "
    "from nn_scratch.exercises.child import main; main()"
)
QUIET = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NN_SCRATCH_THREADS"), "1"
)


class Limits(NamedTuple):
    """The limits of a student's file. seconds: for the import and all functions together; a single
    call gets a quarter of them. megabytes: of address space, if the system can limit it, which
    Windows and macOS cannot."""

    seconds: float = 20.0
    megabytes: int = 4096


class Task(NamedTuple):
    """What to do with a file. kind: "exercise" or "check". names: the functions, or one layer.
    plot: whether the wrong numbers are returned for a picture. time: whether a check is timed."""

    kind: str
    file: str
    names: tuple
    plot: bool = False
    time: bool = False


@dataclass
class Outcome:
    """What came of a task. results: a dict for each name, with plain values. error: why the file
    cannot be used, or None. printed: the output of the file. imports: the frameworks that it
    loaded."""

    results: list = field(default_factory=list)
    error: str | None = None
    printed: str = ""
    imports: list = field(default_factory=list)

    def add(self, report):
        """Add the report of a process."""
        self.results += report["results"]
        self.error = self.error or report["error"]
        self.imports = report["imports"]

    def name_file(self, path, given):
        """Replace the absolute path of the file by the path that the user gave, in all texts."""
        self.error = self.error and self.error.replace(path, given)
        for result in self.results:
            for name in ("text", "trouble"):
                if isinstance(result.get(name), str):
                    result[name] = result[name].replace(path, given)


def run(tasks, limits=None, folder=None):
    """The Outcome of each Task, in order. One process carries out all of them. If a function ends
    the process, a new one continues after that function. folder: the current folder of the process,
    by default that of this one.

    Raises UserCodeError if no process can be started.
    """
    limits = limits or Limits()
    outcomes = [Outcome() for _ in tasks]
    waiting = deque(enumerate(tasks))
    while waiting:
        reports, ending, printed = _one_process([task for _, task in waiting], limits, folder)
        for report in reports:
            number, task = waiting.popleft()
            outcomes[number].add(report)
        outcomes[number].printed += printed
        stage = reports[-1]["stage"]
        if stage != DONE:
            done = {result["name"] for result in reports[-1]["results"]}
            rest = tuple(name for name in task.names if name not in done)
            if ending[0] == "timeout" or stage == AGAIN:  # the other functions may hang, too
                limits = limits._replace(seconds=max(limits.seconds / 2, min(limits.seconds, 4)))
            guilty = {IMPORT: rest, AGAIN: ()}.get(stage, (stage,))
            outcomes[number].results += [_result(name, task, stage, ending) for name in guilty]
            rest = tuple(name for name in rest if name not in guilty)
            if rest:
                waiting.appendleft((number, task._replace(names=rest)))
    for task, outcome in zip(tasks, outcomes, strict=True):
        outcome.name_file(os.path.abspath(task.file), task.file)
    return outcomes


def verdict(outcomes):
    """True if everything is right, False if something is wrong, None if it cannot be told."""
    found = [result["ok"] for outcome in outcomes for result in outcome.results]
    if any(outcome.error for outcome in outcomes) or False in found:
        return False
    return None if None in found or not found else True


def exit_status(outcomes):
    """The exit status: 0 if all is right, 1 if something is wrong, 2 if a file cannot be used, 3 if
    it cannot be told, 4 if a file ended the process, hung or used up its limits."""
    mistakes = {result["mistake"] for outcome in outcomes for result in outcome.results}
    if mistakes & set(ENDINGS):
        return 4
    if any(outcome.error for outcome in outcomes):
        return 2
    return {True: 0, False: 1, None: 3}[verdict(outcomes)]


def for_json(outcome):
    """The results without the entries that are for the screen."""
    return [
        {name: value for name, value in result.items() if name not in ("text", "planes", "to_do")}
        for result in outcome.results
    ]


def _result(name, task, stage, ending):
    """The result for a function that ended its process."""
    mistake, why = ending
    who = f"{Path(task.file).name}, when it is imported," if stage == IMPORT else name
    text = f"{who} {why}."
    return {"name": name, "ok": False, "mistake": mistake, "trouble": why, "text": text}


def _one_process(tasks, limits, folder):
    """Run tasks in one process, and return (reports of the tasks that were begun, how the process
    ended, its output). The ending is a pair (name of a mistake, predicate of a sentence)."""
    with tempfile.TemporaryDirectory(prefix="nn_scratch-", ignore_cleanup_errors=True) as private:
        order = {
            "token": secrets.token_hex(16),
            "traceback": os.path.join(private, secrets.token_hex(8)),
            "reports": [os.path.join(private, secrets.token_hex(8)) for _ in tasks],
            "tasks": [{**t._asdict(), "file": os.path.abspath(t.file)} for t in tasks],
            **limits._asdict(),
        }
        process = _start(order, folder)
        listener = _Listener(process.stdout)
        try:
            late, begun = _watch(process, order)
        finally:
            _kill(process)
            listener.finish()
        printed = listener.text()
        if not begun and process.returncode == 1:  # the error is not in the student's file
            last = printed.strip().splitlines()[-1:] or [f"status {process.returncode}"]
            raise UserCodeError(f"no process can be started for a student's file: {last[0]}")
        paths = order["reports"][: max(begun, 1)]
        reports = [_read(path, order["token"]) or UNKNOWN for path in paths]
        where = _where(order["traceback"], order["tasks"][len(reports) - 1]["file"])
        return reports, _ending(process.returncode, late, limits, where), printed


def _start(order, folder):
    """Start the process, and give it its order."""
    own_group = (
        {"start_new_session": True}
        if os.name == "posix"
        else {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", CODE, ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, **QUIET, "PYTHONIOENCODING": "utf-8:backslashreplace"},
        **own_group,
    )
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
    return process


def _watch(process, order):
    """Wait for the process, and return (whether a task took too long, how many tasks were begun). A
    task has begun when its report exists."""
    begun, until, pause = 0, time.monotonic() + START, threading.Event()
    reports = [*map(Path, order["reports"])]
    while True:
        ended = process.poll() is not None  # before the reports, which are complete if it has ended
        if begun < len(reports) and reports[begun].exists():
            begun, until = begun + 1, time.monotonic() + order["seconds"]
        elif ended:
            return False, begun
        elif time.monotonic() > until:
            return True, begun
        else:
            pause.wait(PAUSE)


def _kill(process):
    """End the process and all processes that it started, unless they left its group."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
    process.kill()
    process.wait()


def _read(path, token):
    """The report in a file; None if there is none or the token is wrong."""
    try:
        report = json.loads(Path(path).read_text(encoding="ascii"))
        return report if secrets.compare_digest(report["token"], token) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _ending(status, late, limits, where):
    """(name of a mistake, predicate of a sentence) for the way in which a process ended."""
    if late or (os.name == "posix" and status == -signal.SIGXCPU):
        within = f"{limits.seconds:g} second{'s' * (limits.seconds != 1)}"
        return "timeout", f"did not end within {within} and was stopped{where}"
    if status < 0 or status >= 0xC0000000:  # a signal of Unix, or an exception of Windows
        names = {-number: number.name for number in signal.Signals}
        return "crashed", f"crashed its process ({names.get(status, hex(status))}){where}"
    return "ended", f"ended its process, with status {status}, before it was judged"


def _where(path, file):
    """The line of the student's file that ran last, from the traceback of faulthandler."""
    try:
        text = Path(path).read_text(errors="replace")
    except OSError:
        return ""
    lines = re.findall(rf'File "{re.escape(file)}", line (\d+)', text)
    return f", in line {lines[0]} of {Path(file).name}" if lines else ""


class _Listener(threading.Thread):
    """A thread that reads the output of a process, and keeps its beginning."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.kept, self.more = stream, bytearray(), 0
        self.start()

    def run(self):
        with suppress(OSError, ValueError):
            while chunk := self.stream.read1(65536):
                room = max(KEPT - len(self.kept), 0)
                self.kept += chunk[:room]
                self.more += len(chunk[room:])

    def finish(self):
        """Read the rest of the output. A process that the file started may have left the group and
        hold the pipe open, so the wait is short."""
        self.join(0.5)
        if not self.is_alive():
            self.stream.close()

    def text(self):
        """The output that was kept, without control characters."""
        text = bytes(self.kept).decode("utf-8", "replace").replace("\r\n", "\n")
        text = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
        return text + (f"\n… and {self.more:,} bytes more" if self.more else "")
