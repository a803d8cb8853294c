"""The process in which a student's file runs. The module `process` starts it.

It reads an order from its standard input, JSON with the tasks and a token, and writes a report for
each task to a file, which it replaces after every step. If the process is killed, the last report
says how far it came.
"""

import builtins
import faulthandler
import importlib
import json
import os
import re
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from nn_scratch import strict_json
from nn_scratch.exercises.grade import check_exercise
from nn_scratch.exercises.process import AGAIN, DONE, FRAMEWORKS, IMPORT
from nn_scratch.user_file import UserCodeError, find_in, load_file, neighbours

CALLS = 4  # the time for a file is enough for so many calls that have to be stopped
PLANES = 4  # planes of a wrong result that are drawn
PLAIN = (  # parts of the messages of a check, and the short names of these problems
    ("raises ", "raises"),
    ("backward returns None", "returns_none"),
    (" has shape ", "wrong_shape"),
    (" gradients, but forward takes ", "wrong_shape"),
    ("is not finite", "not_finite"),
    (" changes ", "changes_inputs"),
    (" gives float", "wrong_dtype"),
    ("a second call of backward gives", "not_repeatable"),
    ("arrays that are not contiguous", "needs_contiguous"),
)
BEFORE = set(sys.modules)


def main():
    """Carry out the order, and end the process at once, so that no thread, child process or exit
    handler of the student's file can do anything afterwards."""
    order = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if any(task["kind"] == "check" for task in order["tasks"]):
        importlib.import_module("nn_scratch.check.run")  # before the time of the file begins
    # Bytecode files are dated in whole seconds, but a student may save a file more often.
    sys.dont_write_bytecode = True
    lines = os.open(order["traceback"], os.O_WRONLY | os.O_CREAT)
    faulthandler.enable(lines)
    _limit(order)
    if os.name == "posix":
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    for number, task in enumerate(order["tasks"]):
        faulthandler.dump_traceback_later(0.95 * order["seconds"], file=lines)
        report = _Report(order["reports"][number], order["token"])
        with neighbours(Path(task["file"]).resolve().parent), np.errstate():
            _judge(task, report, order["seconds"] / CALLS)
    os._exit(0)


def _end_with(parent):
    """End this process, and all that it started, when the process that waits for it is killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


class _Report:
    """The report about one task."""

    def __init__(self, path, token):
        self.path = path
        self.found = {"token": token, "stage": IMPORT, "results": [], "error": None}
        self.write()

    def write(self):
        """Replace the file at once, so that a reader finds either the old report or the new one."""
        self.found["imports"] = [
            name for name in FRAMEWORKS if name in sys.modules and name not in BEFORE
        ]
        Path(f"{self.path}.new").write_text(strict_json.dumps(self.found), encoding="ascii")
        os.replace(f"{self.path}.new", self.path)

    def now(self, stage):
        """Note the stage that begins, and write the report."""
        self.found["stage"] = stage
        self.write()

    def add(self, result):
        """Add a result, which is written with the next stage."""
        self.found["results"].append(result)


def _judge(task, report, limit):
    """Load the file and judge the functions. Whatever happens is reported."""
    try:
        if task["kind"] == "check":
            _check(task, report)
        else:
            _try(task, report, limit)
    except UserCodeError as error:
        if isinstance(error.__cause__, SystemExit | MemoryError):
            _end(error.__cause__, task, report)
        else:
            report.found["error"] = str(error)
    except KeyboardInterrupt as error:  # the file raised it: no keyboard is connected
        _end(error, task, report)
    report.now(DONE)


def _try(task, report, limit):
    """Check each function by the cases of its exercise."""
    module = load_file(task["file"])
    for name in task["names"]:
        report.now(name)
        try:
            function = find_in(module, task["file"], name)
        except UserCodeError as error:
            report.found["error"] = report.found["error"] or str(error)
            continue
        start = time.perf_counter()
        try:
            found = check_exercise(name, function, limit=limit)
            result = {**found.as_dict(), "to_do": found.to_do, "text": str(found)}
            result |= _end_in_a_pass(name, found)
            if task["plot"]:
                result["planes"] = _planes(found)
        except BaseException as error:  # an odd result may raise anything when it is only read
            result = _not_told(name, error)
        result["seconds"] = round(time.perf_counter() - start, 3)
        report.add(result)
        if result["mistake"] in ("timeout", "memory"):  # the stopped call may still be running
            report.now(AGAIN)
            os._exit(0)


def _check(task, report):
    """Check the gradients of a layer or of a pair of functions."""
    from nn_scratch.check.run import check_own, details

    (name,) = task["names"]
    module = load_file(task["file"])
    report.now(name)
    try:
        result = check_own(module, task["file"], name)
    except UserCodeError:
        raise
    except BaseException as error:
        report.add(_not_told(name, error))
        return
    found = {"mistake": _identifier(result.gradients.problems), **result.as_dict()}
    found["text"] = f"{result.text()}\n\n{details([result]).splitlines()[-1]}"
    if task["time"] and not result.raised:
        found |= _timed(result.case, task["file"], found)
    named = _named(result.case) if result.ok is False else None
    if named is not None:
        found["mistake"] = named.mistake
        found["text"] += f"\n\n{named}"
    report.add(found)


def _timed(case, file, found):
    """The timing of a case, and the text of the result with it."""
    from nn_scratch.check import timing

    took = timing.time_case(case, f"{file}:{case.name}")
    lines = [found["text"], "", timing.HEADING, took.line(), "", timing.LEGEND]
    return {"timing": took.as_dict(), "text": "\n".join(lines)}


def _named(case):
    """The ExerciseReport of a pair of functions with the names of an exercise, if it names their
    mistake; else None."""
    if isinstance(case.target, tuple):
        for name, function in zip((case.name, f"{case.name}_backward"), case.target, strict=True):
            try:
                report = check_exercise(name, function)
            except ValueError:  # there is no such exercise
                continue
            if report.explanation:
                return report
    return None


def _identifier(problems):
    """The short name of the first problem that has one in PLAIN; or None."""
    found = [name for problem in problems for words, name in PLAIN if words in problem]
    return found[0] if found else None


def _planes(report):
    """[name, given values, right values] of the planes with errors, for a picture."""
    if report.ok or report.trouble:
        return []
    step, planes = report.failed, []
    for (name, right), given in zip(step.right.items(), step.answer.results, strict=True):
        given = np.asarray(given)
        wrong = report.exercise.wrong(given, right)
        for place in np.ndindex(right.shape[:-2]):
            if wrong[place].any():
                at = f"{name}{list(place) if place else ''}"
                planes.append([at, np.atleast_2d(given[place]), np.atleast_2d(right[place])])
    return planes[:PLANES]


def _end(error, task, report):
    """Add results for a file that ends the program or takes all memory, when it is imported or in a
    function."""
    who = f"{Path(task['file']).name}, when it is imported,"
    for name in task["names"]:
        report.add(_ended(name, error, who if report.found["stage"] == IMPORT else name))


def _not_told(name, error):
    """The result for a function on which the checker itself failed."""
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        return _ended(name, error)
    says = f"cannot be judged: the check itself raises {type(error).__name__}: {error}"
    return {"name": name, "ok": None, "mistake": None, "trouble": says, "text": f"{name} {says}."}


def _end_in_a_pass(name, report):
    """Changes to the result of a function that ended the program or took all memory. The exercise
    only knows that it raised an error."""
    raised = re.match(r"raises (SystemExit|KeyboardInterrupt|MemoryError)\b", report.trouble or "")
    if not raised:
        return {}
    return _ended(name, getattr(builtins, raised[1])(report.trouble.partition(": ")[2]))


def _ended(name, error, who=None):
    """The result for a function, or a file, that ended the program or took all memory."""
    if isinstance(error, MemoryError):
        mistake, why = "memory", f"takes more memory than it may have: {error}"
    else:
        mistake, why = "ended", "ends the program: it calls sys.exit or exit"
    text = f"{who or name} {why}."
    return {"name": name, "ok": False, "mistake": mistake, "trouble": why, "text": text}


def _limit(order):
    """Limit memory and, for the case that the parent process is gone, the processor's time, if the
    system can do that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    seconds = 60 + order["seconds"] * len(order["tasks"]) * (os.cpu_count() or 1)
    for what, wanted in (
        (resource.RLIMIT_AS, order["megabytes"] << 20),
        (resource.RLIMIT_CPU, int(seconds)),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        if hard == resource.RLIM_INFINITY or wanted < hard:
            with suppress(ValueError, OSError):  # macOS refuses to limit memory
                resource.setrlimit(what, (wanted, wanted))
