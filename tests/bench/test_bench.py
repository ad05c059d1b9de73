import subprocess
import sys
from pathlib import Path

from bench.report import GOALS

ROOT = Path(__file__).resolve().parents[2]


def test_runs_and_prints_every_goal():
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smoke"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Errors 0, deadlocks 0, overdrafts 0." in done.stdout
    assert "Every ledger adds up" in done.stdout
    goals = done.stdout.partition("stretch\n")[2].partition("\n\n")[0].splitlines()
    assert len(goals) == len(GOALS)
    if sys.platform == "linux":
        assert "not measured" not in done.stdout
