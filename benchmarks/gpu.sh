#!/usr/bin/env bash
# Everything that a card is needed for, in order, within 8 minutes; nothing has to be typed. It works
# offline with what is installed, and when it is cut off, the next call goes on at the stage reached.
#
#   benchmarks/gpu.sh            writes into benchmarks/gpu/ (or the folder $OUT)
set -uo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-benchmarks/gpu}
mkdir -p "$out"
export PYTHONPATH="$PWD:$PWD/tests:$PWD/benchmarks${PYTHONPATH:+:$PYTHONPATH}"

stage() { # NAME SECONDS COMMAND…
  local name=$1 limit=$2
  shift 2
  if [ -e "$out/$name.done" ]; then
    echo "== $name: done before"
    return
  fi
  echo "== $name"
  timeout "$limit" "$@" 2>&1 | tee "$out/$name.txt"
  local status=${PIPESTATUS[0]}
  echo "$name: exit status $status" | tee -a "$out/$name.txt"
  [ "$status" -eq 0 ] && touch "$out/$name.done"
}

environment() {
  nvidia-smi
  nvcc --version
  python3 -m nn_scratch info
}

stage environment 30 bash -c "$(declare -f environment); environment"
REQUIRE_GPU=1 stage tests 240 python3 -m pytest -q -m gpu
if command -v compute-sanitizer >/dev/null; then
  stage memcheck 40 compute-sanitizer --tool memcheck --error-exitcode 1 \
    python3 -m standin.check_kernels --on-the-card
  stage racecheck 40 compute-sanitizer --tool racecheck --error-exitcode 1 \
    python3 -m standin.check_kernels --on-the-card
fi
stage measure 130 python3 benchmarks/gpu.py --json "$out/gpu.json"
