"""A student's file in a process of its own: whatever it does, the tool goes on and says what.

The process has limits of time and of memory, and leaves its report in a folder that only we know
of. A report counts only with a token that was given to the process over its input; what the file
prints is kept apart. Ends by `sys.exit`, by a crash or at a limit become results like others.

The code that judges runs in that process too, so that a hostile file can find the token in the
frames that called it, or replace what judges it; lessons/guides/grading.md says what remains
possible.
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

# The stages of a task in its report; between import and the end, it is the name of a function.
IMPORT, AGAIN, DONE = "import", "again", "done"  # again: the rest wants a process of its own
FRAMEWORKS = ("torch", "tensorflow", "jax", "keras", "mxnet", "paddle", "autograd", "cupy")
ENDINGS = ("ended", "crashed", "timeout", "memory")  # mistakes that give the exit status 4
START = 60.0  # seconds for the process to start, on a machine that has much to do
PAUSE = 0.005  # seconds between two looks at a report
# What is known of a task whose report is missing.
UNKNOWN: dict = {"stage": IMPORT, "results": [], "error": None, "imports": []}
KEPT = 20_000  # bytes of what a file prints
ROOT = str(Path(__file__).resolve().parents[2])
# What lies in the present folder must not be taken for a module that the process itself needs.
CODE = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); "
    "from nn_scratch.exercises.child import main; main()"
)
QUIET = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NN_SCRATCH_THREADS"), "1"
)


class Limits(NamedTuple):
    """seconds: for one file, its import and all its functions; one call gets a quarter of them.
    megabytes: of address space, where the system can limit it (not on Windows and macOS)."""

    seconds: float = 20.0
    megabytes: int = 4096


class Task(NamedTuple):
    """What to do with a file. kind: "exercise" or "check"; names: the functions, or one layer;
    plot: whether the wrong numbers are wanted too; time: whether a check is to be timed."""

    kind: str
    file: str
    names: tuple
    plot: bool = False
    time: bool = False


@dataclass
class Outcome:
    """results: a dict a name, for JSON. error: why the file cannot be used, or None. printed: what
    it wrote to its output. imports: frameworks that it loaded."""

    results: list = field(default_factory=list)
    error: str | None = None
    printed: str = ""
    imports: list = field(default_factory=list)

    def add(self, report):
        self.results += report["results"]
        self.error = self.error or report["error"]
        self.imports = report["imports"]

    def name_file(self, path, given):
        """Call the file as the user did, in all that is said of it."""
        self.error = self.error and self.error.replace(path, given)
        for result in self.results:
            for name in ("text", "trouble"):
                if isinstance(result.get(name), str):
                    result[name] = result[name].replace(path, given)


def run(tasks, limits=None, folder=None):
    """The Outcome of each Task, in order. One process does them all; when a file ends it, the next
    one goes on behind the function that did. folder: where it runs (default: here).

    Raises UserCodeError if no process can be started at all.
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
            if ending[0] == "timeout" or stage == AGAIN:  # who hangs once may do so all over
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
    """0 right, 1 wrong, 2 a file that cannot be used, 3 cannot be told, 4 a file that ended, hung
    or used up its limits."""
    mistakes = {result["mistake"] for outcome in outcomes for result in outcome.results}
    if mistakes & set(ENDINGS):
        return 4
    if any(outcome.error for outcome in outcomes):
        return 2
    return {True: 0, False: 1, None: 3}[verdict(outcomes)]


def for_json(outcome):
    """The results without what is there for the screen."""
    return [
        {name: value for name, value in result.items() if name not in ("text", "planes", "to_do")}
        for result in outcome.results
    ]


def _result(name, task, stage, ending):
    """The result of a function that ended its process."""
    mistake, why = ending
    who = f"{Path(task.file).name}, when it is imported," if stage == IMPORT else name
    text = f"{who} {why}."
    return {"name": name, "ok": False, "mistake": mistake, "trouble": why, "text": text}


def _one_process(tasks, limits, folder):
    """(reports, ending, printed): of the tasks that were begun, how the process ended, and what it
    wrote. ending is a mistake's name and a sentence."""
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
        if not begun and process.returncode == 1:  # an error of ours: no report was ever there
            last = printed.strip().splitlines()[-1:] or [f"status {process.returncode}"]
            raise UserCodeError(f"no process can be started for a student's file: {last[0]}")
        paths = order["reports"][: max(begun, 1)]
        reports = [_read(path, order["token"]) or UNKNOWN for path in paths]
        where = _where(order["traceback"], order["tasks"][len(reports) - 1]["file"])
        return reports, _ending(process.returncode, late, limits, where), printed


def _start(order, folder):
    """The process, with its order."""
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
    """Wait for the process: (whether it was still at a task when the time for that was over, how
    many tasks it began). A task has begun when there is a report of it."""
    begun, until, pause = 0, time.monotonic() + START, threading.Event()
    reports = [*map(Path, order["reports"])]
    while True:
        ended = process.poll() is not None  # asked first: whatever it wrote is there then
        if begun < len(reports) and reports[begun].exists():
            begun, until = begun + 1, time.monotonic() + order["seconds"]
        elif ended:
            return False, begun
        elif time.monotonic() > until:
            return True, begun
        else:
            pause.wait(PAUSE)


def _kill(process):
    """End the process and all that it started, as far as that is still in its group."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
    process.kill()
    process.wait()


def _read(path, token):
    """A report, if it is one and has the token; else None."""
    try:
        report = json.loads(Path(path).read_text(encoding="ascii"))
        return report if secrets.compare_digest(report["token"], token) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _ending(status, late, limits, where):
    """A mistake's name and a sentence about the function."""
    if late or (os.name == "posix" and status == -signal.SIGXCPU):
        within = f"{limits.seconds:g} second{'s' * (limits.seconds != 1)}"
        return "timeout", f"did not end within {within} and was stopped{where}"
    if status < 0 or status >= 0xC0000000:  # a signal; an exception of Windows
        names = {-number: number.name for number in signal.Signals}
        return "crashed", f"crashed its process ({names.get(status, hex(status))}){where}"
    return "ended", f"ended its process, with status {status}, before it was judged"


def _where(path, file):
    """The line of the student's file that ran last, as Python's fault handler saw it."""
    try:
        text = Path(path).read_text(errors="replace")
    except OSError:
        return ""
    lines = re.findall(rf'File "{re.escape(file)}", line (\d+)', text)
    return f", in line {lines[0]} of {Path(file).name}" if lines else ""


class _Listener(threading.Thread):
    """Takes what a process writes, and keeps the first of it."""

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
        """Take the last of it. A process of the file's own that has left the group may hold the
        pipe open: it is not waited for."""
        self.join(0.5)
        if not self.is_alive():
            self.stream.close()

    def text(self):
        """What was kept, without what could steer a terminal."""
        text = bytes(self.kept).decode("utf-8", "replace").replace("\r\n", "\n")
        text = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
        return text + (f"\n… and {self.more:,} bytes more" if self.more else "")
