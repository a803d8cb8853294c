"""The benchmark runs and writes what it says; how fast anything is decides no test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "cpu.py"


@pytest.mark.parametrize("only", ["conv", "max_", "training"])
def test_it_runs(only, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    report = tmp_path / "cpu.json"
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--tiny", "--rounds", "1", "--only", only, "--json", report],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    assert found["limits"]["sgemm_gflops"] > 0
    for row in found["rows"]:
        assert row["name"].startswith(only)
        assert row["ours"]["median"] >= row["ours"]["best"] > 0
        assert f"{row['name']:<26}{row['shape']}" in done.stdout
