"""The screens of `nn-scratch exercise`. Functions without an underscore return the exit status.

The student's files run in a process of their own, see `process`; these functions show the results.
"""

from pathlib import Path
from textwrap import fill, wrap

from nn_scratch import strict_json
from nn_scratch.exercises import process, workspace
from nn_scratch.exercises.process import DONE, ENDINGS
from nn_scratch.user_file import UserCodeError

PRINTED = 12, 78  # how many lines of a file's output are shown, and how wide
WIDTH, TITLES = 80, 44  # the width of a line, and of the column of titles


def start(folder):
    """Write the files with blanks."""
    book, kept = workspace.start(folder)
    items = workspace.items()
    print(f"{len(items)} exercises are in {book.folder.resolve()}")
    kept = [name for name in kept if name != workspace.TESTS]
    if kept:
        print(f"kept as they are: {_listed(kept)}")
    print(f"Open {book.folder / items[0].name}, write, and run: nn-scratch exercise 01")
    return 0


def show_list(book, limits, *, as_json=False):
    """Show all exercises with their states."""
    items = [item for item in workspace.items() if book.path(item).exists()]
    outcomes = process.run([book.task(item) for item in items], limits)
    states = dict.fromkeys(workspace.items(), "file missing")
    states |= {i: _state(i, outcome) for i, outcome in zip(items, outcomes, strict=True)}
    if as_json:
        print(strict_json.dumps([_entry(item, state) for item, state in states.items()], indent=1))
        return 0
    print(f"{book.folder.resolve()}\n")
    for item, state in states.items():
        print(f"  {item.number}  {item.title:<{TITLES}}{state}")
    done = sum(state == DONE for state in states.values())
    print(f"\n{done} of {len(states)} done")
    return 0


def check(book, what, limits, *, as_json=False, plot=None):
    """Check one exercise."""
    item, functions = book.find(what)
    task = book.task(item, functions, plot=plot is not None)
    if not as_json:
        print(f"checking {book.path(item).resolve()}\n", flush=True)
    outcome = process.run([task], limits)[0]
    show(outcome, {"file": str(book.path(item))}, as_json=as_json)
    planes = [plane for result in outcome.results for plane in result.get("planes", ())]
    if planes:
        try:
            picture(planes).savefig(plot, dpi=110)
        except (OSError, ValueError) as error:  # the folder or the format does not exist
            raise UserCodeError(f"{plot} cannot be written: {error}") from error
        if not as_json:
            print(f"\n{plot}")
    return process.exit_status([outcome])


def show(outcome, about, *, as_json):
    """Show an Outcome as text, or as JSON after the entries of `about`. As text, it raises
    UserCodeError for a file that cannot be used. It returns nothing."""
    if as_json:
        found = {"ok": process.verdict([outcome]), **about, "results": process.for_json(outcome)}
        if outcome.error:
            found["error"] = outcome.error
        print(strict_json.dumps(found, indent=1))
        return
    if outcome.printed.strip():
        print(f"What {Path(about['file']).name} printed:\n{_shortened(outcome.printed)}\n")
    texts = dict.fromkeys(result["text"] for result in outcome.results if "text" in result)
    if texts:
        print("\n\n".join(map(_filled, texts)))
    if outcome.error:
        raise UserCodeError(outcome.error)


def picture(planes):
    """A Figure with the student's numbers, the right ones, and the difference."""
    import numpy as np

    from nn_scratch.plotting.figures import plot_arrays

    arrays = {}
    for name, *pair in planes:
        given, right = (np.array(values, float) for values in pair)  # None becomes NaN
        arrays |= {
            f"{name}, yours": given,
            f"{name}, right": right,
            f"{name}, yours − right": given - right,
        }
    return plot_arrays(arrays, columns=3)


def watch(book, what, limits):
    """Check again whenever the file is saved, until interrupted."""
    item, _ = book.find(what)
    for _ in book.saves(item):
        print("\n" * 2)
        try:
            check(book, what, limits)
        except UserCodeError as error:
            print(error)
        print("\n(watching; Ctrl-C ends)", flush=True)
    return 0


def show_hint(book, what, limits):
    """Show the next hint for the first function that is not right."""
    item, functions = book.find(what)
    results = process.run([book.task(item, functions)], limits)[0].results
    right = [result["name"] for result in results if result["ok"]]
    open_ones = [function for function in functions if function not in right]
    if not open_ones:
        print(f"{item.title}: all right already.")
        return 0
    number, count, text = book.next_hint(open_ones[0])
    hint = fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
    print(f"{open_ones[0]}, hint {number} of {count}:\n\n{hint}")
    if number == count:
        print(f"\nThat was the last: nn-scratch exercise {item.number} --solution shows one way.")
    return 0


def show_solution(book, what):
    """Show the solution."""
    item, _ = book.find(what)
    print(workspace.solution_of(item).read_text(encoding="utf-8"), end="")
    return 0


def reset(book, what, *, ask=True):
    """Restore the blank, after asking."""
    item, _ = book.find(what)
    path = book.path(item)
    if ask and not _agreed(f"Put the blank back over {path.resolve()}? What you wrote is lost."):
        print("Nothing was changed.")
        return 0
    book.reset(item)
    print(f"{path} is blank again.")
    return 0


def _agreed(question):
    """Whether the user answers yes. Without a terminal the answer is no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _state(item, outcome):
    """The state of an exercise in a few words, such as "done" or "to do"."""
    if outcome.error:
        return f"failing: {outcome.error}"
    words = {result["name"]: _word(result) for result in outcome.results}
    same = set(words.values())
    if len(same) == 1 and same <= {DONE, "to do", *ENDINGS}:
        return same.pop()
    return ", ".join(f"{name} {words[name]}" for name in item.functions)


def _word(result):
    """The state of one function."""
    if result["mistake"] in ENDINGS:
        return result["mistake"]
    if result["ok"]:
        return DONE
    if result["ok"] is None:
        return "cannot be told"
    return "to do" if result.get("to_do") else f"fails at {result['case']}"


def _entry(item, state):
    return {"number": item.number, "title": item.title, "file": item.name, "state": state}


def _listed(names):
    """The first few names, and how many more there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _filled(text):
    """A text in which sentences longer than a line are wrapped, but not tables and arrays."""
    lines = []
    for line in text.split("\n"):
        body = line.lstrip()
        if len(line) <= WIDTH or "  " in body:
            lines.append(line)
        else:
            first = line[: len(line) - len(body)]
            lines += wrap(body, WIDTH, initial_indent=first, subsequent_indent=f"{first}  ")
    return "\n".join(lines)


def _shortened(text):
    """The first lines of a file's output, indented."""
    count, width = PRINTED
    lines = text.strip("\n").split("\n")
    shown = [f"  {line[: width - 3]}…" if len(line) > width else f"  {line}" for line in lines]
    left = len(lines) - count
    return "\n".join(shown[:count] + ([f"  … and {left:,} lines more"] if left > 0 else []))
