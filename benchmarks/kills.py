"""Does a killed run lose anything?

    python benchmarks/kills.py               60 kills, some minutes
    python benchmarks/kills.py --kills 4     does it run at all?

`nn-scratch train`, saving after every step, is killed (SIGKILL) at random moments, and in turn in
the middle of writing: before a file is renamed, and with half of it written. It is started again
until it ends. Then weights, optimizer and losses must be those of a run that nobody killed, to the
last bit; after every kill all checkpoints must be whole and no step be lost that was saved; no file
of the user's in that folder may have changed, and nothing half-written may be left. Writes a table
and kills.json (--json).
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from machine import machine
from nn_scratch.training import load_checkpoint

TRAIN = "train segmentation --scenes 24 --epochs 3 --batch-size 4 --width 4 --kernel-size 3"
RESULTS = {"checkpoint.npz", "best.npz", "history.json", "picture.png", ".nn-scratch.json"}
USERS = {"notes.txt": b"mine", "checkpoint.png": b"also mine", "best.npz.backup": bytes(1000)}
VALIDATION = 20  # scenes, for what is looked for is not how good the net is
PER_ROUND = 5  # kills of one run before it may end
IN_WRITES = "before a file is renamed", "with half a file written"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(*options.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        report = trial(Path(folder), options.kills, random.Random(options.seed))
    report = {"machine": machine(), "command": f"nn-scratch {TRAIN}", **report}
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


def trial(folder, kills, draw):
    """What was found in rounds of kills, each followed by a run to the end."""
    begin = time.monotonic()
    start(folder / "whole").wait()
    seconds = time.monotonic() - begin
    moments = {"at a random moment": 0, **dict.fromkeys(IN_WRITES, 0)}
    wrong, rounds = [], 0
    with tqdm(total=kills, disable=None, leave=False) as bar:
        while sum(moments.values()) < kills:
            out = folder / f"round-{rounds}"
            out.mkdir()
            for name, content in USERS.items():
                (out / name).write_bytes(content)
            known = 0
            for _ in range(min(PER_ROUND, kills - sum(moments.values()))):
                moment = kill(out, draw, seconds)
                if moment is None:
                    break  # it had ended already
                moments[moment] += 1
                bar.update()
                known, found = after_a_kill(out, known)
                wrong += [f"round {rounds}, {moment}: {what}" for what in found]
            if start(out).wait():
                wrong.append(f"round {rounds}: does not go on")
            wrong += [f"round {rounds}: {what}" for what in at_the_end(out, folder / "whole")]
            rounds += 1
    return {"kills": moments, "runs": rounds, "wrong": wrong}


def start(out, moment="never", number=0):
    """A process that trains into the folder `out`."""
    command = [sys.executable, __file__, "--child", str(out), moment, str(number)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(out, draw, seconds):
    """Start the run and have it killed; returns at which kind of moment, or None if it ended."""
    moment = draw.choice(["at a random moment", *IN_WRITES])
    if moment in IN_WRITES:
        process = start(out, moment, draw.randint(1, 40))
        process.wait()
    else:
        process = start(out)
        time.sleep(draw.uniform(0.3, 1) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return moment if process.returncode == -signal.SIGKILL else None


def after_a_kill(out, known):
    """(how many steps are saved, what is wrong) in the folder of a run that was killed."""
    wrong = users_files(out)
    path = out / "checkpoint.npz"
    if not path.exists():
        return 0, [*wrong, *(["the checkpoint is gone"] if known else [])]
    steps = len(load_checkpoint(path).record["history"]["steps"])
    if (out / "best.npz").exists():
        load_checkpoint(out / "best.npz")
    return steps, [*wrong, *([f"{known - steps} saved steps are lost"] if steps < known else [])]


def at_the_end(out, whole):
    """What is wrong in the folder of a run that has ended."""
    wrong = users_files(out)
    there = {path.name for path in out.iterdir()}
    if there != RESULTS | set(USERS):
        wrong.append(f"files that differ: {sorted(there ^ (RESULTS | set(USERS)))}")
    for name in "checkpoint.npz", "best.npz":
        one, other = load_checkpoint(out / name), load_checkpoint(whole / name)
        for part in "net", "optimizer":
            ours, theirs = getattr(one, part), getattr(other, part)
            if ours.keys() != theirs.keys() or any(
                not np.array_equal(ours[key], theirs[key]) for key in ours
            ):
                wrong.append(f"{name}: another {part}")
        if one.record["history"]["steps"] != other.record["history"]["steps"]:
            wrong.append(f"{name}: other losses")
    return wrong


def users_files(out):
    return [f"{name} changed" for name, content in USERS.items() if read(out / name) != content]


def read(path):
    return path.read_bytes() if path.exists() else None


def table(report):
    lines = [", ".join(f"{what} {value}" for what, value in report["machine"].items())]
    lines += [f"{number:>4} kills {moment}" for moment, number in report["kills"].items()]
    lines.append(f"{report['runs']:>4} runs, each ended after its kills")
    lines += report["wrong"] or [
        "weights, optimizer and losses equal to the last bit, no file lost"
    ]
    return "\n".join(lines)


# ---------------------------------------------------------------- the process that is killed


def child(out, moment, number):
    """Train, saving after every step, and die at the number-th write of this kind."""
    from nn_scratch.cli import main as command
    from nn_scratch.data import sources
    from nn_scratch.training.fit import fit

    sources.TEST_SCENES = VALIDATION
    fit.__kwdefaults__["save_every"] = 1
    if moment in IN_WRITES:
        die_at(moment, int(number))
    raise SystemExit(command([*TRAIN.split(), "--out", out]))


def die_at(moment, number):
    """Have the process killed at the number-th renaming or flushing of a file."""
    name = "replace" if moment == IN_WRITES[0] else "fsync"
    own, left = getattr(os, name), number

    def deadly(*arguments):
        nonlocal left
        left -= 1
        if left == 0:
            if name == "fsync":
                os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return own(*arguments)

    setattr(os, name, deadly)


if __name__ == "__main__":
    main()
