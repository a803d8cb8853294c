"""Mistakes in linear layers."""

from nn_scratch.exercises.mistakes.mistake import register, square

FOUND = []
mistake = register(FOUND)


@mistake(
    "linear linear_backward",
    "weight_transposed",
    "w is transposed: its rows are the outputs.",
    "w is (out, in). Which product of x (N, in) and w gives (N, out)?",
)
def weight_transposed(case):
    if not square(case["w"]):
        yield {}
        return
    results = case.solve(w=case["w"].T)
    if "dw" in results:
        results["dw"] = case.right["dw"].T
    yield results


@mistake(
    "linear_backward",
    "assigned_not_added",
    "Only the last sample counts: = stands where += belongs.",
    "Over what do dw and db sum?",
)
def linear_assigned(case):
    last = case.solve(x=case["x"][-1:], dy=case["dy"][-1:])
    yield {"dw": last["dw"], "db": last["db"]}
