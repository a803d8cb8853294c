#!/usr/bin/env bash
# SegNet-Basic as in the paper (7×7 kernels, 64 features) on CamVid at 180×240, 100 epochs, reported
# in the terms of the paper's table 1: global and class average accuracy, mIoU, boundary F1. Made for
# a GPU; without one it runs on the CPU, slowly. A call after an interruption goes on where the last
# one stopped.
#
#   benchmarks/segnet_basic.sh CAMVID-FOLDER [what nn-scratch compare takes, to change a setting]
set -euo pipefail
folder=${1:?usage: benchmarks/segnet_basic.sh CAMVID-FOLDER [options of nn-scratch compare]}
shift
export PYTHONPATH="$(cd "$(dirname "$0")/.." && pwd)${PYTHONPATH:+:$PYTHONPATH}"
exec python3 -m nn_scratch compare segmentation --data "$folder" --ignore-index 11 \
  --nets SegNet-Basic --class-weights median_frequency --flip --batch-size 12 --lr 0.005 \
  --epochs 100 --seeds 0 --device auto --out runs/segnet-basic "$@"
