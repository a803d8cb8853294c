"""What `nn-scratch exercise` shows. Every function returns the exit status."""

import json

import numpy as np

from nn_scratch.exercises import workspace
from nn_scratch.user_file import UserCodeError

PLANES = 4  # of one result that are drawn


def start(folder):
    book = workspace.start(folder)
    print(f"{len(workspace.items())} exercises are in {book.folder.resolve()}")
    print(f"Open {book.folder / workspace.items()[0].name}, write, and run: nn-scratch exercise 01")
    return 0


def show_list(book, *, as_json=False):
    states = {item: book.state(item) for item in workspace.items()}
    if as_json:
        print(json.dumps([_entry(item, state) for item, state in states.items()], indent=1))
        return 0
    print(f"{book.folder.resolve()}\n")
    for item, state in states.items():
        print(f"  {item.number}  {item.title:<52}{state}")
    done = sum(state == "done" for state in states.values())
    print(f"\n{done} of {len(states)} done")
    return 0


def check(book, what, *, as_json=False, plot=None):
    """Check one exercise; status 1 if it is not right yet."""
    item, functions = book.find(what)
    reports = [book.report(function) for function in functions]
    if as_json:
        found = [report.as_dict() for report in reports]
        print(json.dumps({"ok": all(reports), "file": str(book.path(item)), "results": found}))
    else:
        print(f"checking {book.path(item).resolve()}\n")
        print("\n\n".join(map(str, reports)))
    wrong = [report for report in reports if not report and not report.trouble]
    if plot is not None and wrong:
        picture(wrong[0]).savefig(plot, dpi=110)
        print(plot)
    return 0 if all(reports) else 1


def picture(report):
    """A Figure of what is wrong: yours, the right numbers, and their difference."""
    from nn_scratch.plotting.figures import plot_arrays

    step, arrays = report.failed, {}
    results = dict(zip(report.exercise.results, step.answer.results, strict=True))
    for name, right in step.right.items():
        given = np.asarray(results[name])
        if np.allclose(given, right):
            continue
        planes = [p for p in np.ndindex(right.shape[:-2]) if not np.allclose(given[p], right[p])]
        for place in planes[:PLANES]:
            at = f"{name}{list(place) if place else ''}"
            arrays |= {
                f"{at}, yours": given[place],
                f"{at}, right": right[place],
                f"{at}, yours − right": given[place] - right[place],
            }
    return plot_arrays(arrays, columns=3)


def watch(book, what):
    """Check at every save, until interrupted."""
    item, _ = book.find(what)
    for _ in book.saves(item):
        print("\n" * 2)
        try:
            check(book, what)
        except UserCodeError as error:
            print(error)
        print("\n(watching; Ctrl-C ends)", flush=True)
    return 0


def show_hint(book, what):
    """The next hint for the first function that is not right."""
    item, functions = book.find(what)
    open_ones = [function for function in functions if not _is_done(book, function)]
    if not open_ones:
        print(f"{item.title}: all right already.")
        return 0
    number, count, text = book.next_hint(open_ones[0])
    print(f"{open_ones[0]}, hint {number} of {count}:\n\n{text}")
    return 0


def show_solution(book, what):
    item, _ = book.find(what)
    print(workspace.solution_of(item).read_text(encoding="utf-8"), end="")
    return 0


def reset(book, what, *, ask=True):
    item, _ = book.find(what)
    path = book.path(item)
    if ask:
        answer = input(f"Put the blank back over {path.resolve()}? What you wrote is lost. [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("Nothing was changed.")
            return 0
    book.reset(item)
    print(f"{path} is blank again.")
    return 0


def _entry(item, state):
    return {"number": item.number, "title": item.title, "file": item.name, "state": state}


def _is_done(book, function):
    try:
        return book.report(function).ok
    except UserCodeError:
        return False
