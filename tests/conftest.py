"""Says at the end of a run how much of it really happened on a GPU."""

from collections import Counter

ON_GPU = Counter()


def pytest_runtest_logreport(report):
    if "gpu" in report.keywords and (report.when == "call" or report.outcome == "skipped"):
        ON_GPU[report.outcome] += 1


def pytest_terminal_summary(terminalreporter):
    if ON_GPU:
        ran = ON_GPU["passed"] + ON_GPU["failed"]
        terminalreporter.write_line(f"on a GPU: {ran} of {sum(ON_GPU.values())} GPU tests ran")
