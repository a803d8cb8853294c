#!/usr/bin/env bash
# Everything that a card is needed for, in order, within 8 minutes; nothing has to be typed. It works
# offline with what is installed, and when it is cut off, the next call goes on at the stage reached.
#
#   benchmarks/gpu.sh            writes into benchmarks/gpu/ (or the folder $OUT)
set -uo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-benchmarks/gpu}
end=480 # seconds after the start
mkdir -p "$out"
export PYTHONPATH="$PWD:$PWD/tests:$PWD/benchmarks${PYTHONPATH:+:$PYTHONPATH}"

stage() { # NAME SECONDS COMMAND…
  local name=$1 limit=$(($2 < end - SECONDS ? $2 : end - SECONDS))
  shift 2
  if [ -e "$out/$name.done" ]; then
    echo "== $name: done before"
    return
  fi
  if [ "$limit" -le 0 ]; then
    echo "== $name: no time left, call again"
    missed=1
    return
  fi
  echo "== $name"
  timeout "$limit" "$@" 2>&1 | tee "$out/$name.txt"
  local status=${PIPESTATUS[0]}
  echo "$name: exit status $status, $SECONDS s after the start" | tee -a "$out/$name.txt"
  if [ "$status" -eq 0 ]; then touch "$out/$name.done"; else missed=1; fi
}

environment() {
  nvidia-smi
  nvcc --version
  python3 -m nn_scratch info
}

tests_of_a_file() { # a line that says how many passed, or all that pytest says of a failure
  local said status
  said=$(python3 -m pytest -m "not gpu" -p no:cacheprovider "$1" 2>&1)
  status=$?
  case $status in
    0) echo "$1: $(tail -n 1 <<<"$said")" ;;
    5) ;; # it has none but those that need a card
    *) echo "$1"$'\n'"$said" && return 1 ;;
  esac
}

other_tests() { # a file a process, as many at a time as there are cores
  export NN_SCRATCH_THREADS=2 OMP_NUM_THREADS=2
  find tests -name "test_*.py" -print0 | sort -z |
    xargs -0 -n 1 -P "$(nproc)" bash -c 'tests_of_a_file "$1"' bash
}

export -f environment tests_of_a_file other_tests
missed=0
stage environment 30 bash -c environment
REQUIRE_GPU=1 stage tests 240 python3 -m pytest -m gpu
if command -v compute-sanitizer >/dev/null; then
  stage memcheck 40 compute-sanitizer --tool memcheck --error-exitcode 1 \
    python3 -m standin.check_kernels --on-the-card
  stage racecheck 40 compute-sanitizer --tool racecheck --error-exitcode 1 \
    python3 -m standin.check_kernels --on-the-card
fi
stage measure 130 python3 benchmarks/gpu.py --json "$out/gpu.json"
stage other-tests 480 bash -c other_tests
exit "$missed"
