"use strict";
/* Boxes { label, score, left, top, wide, high }, in pixels, from the maps of a detector. */

const MOST = 100; // the largest number of peaks that are used in an image
const LEAST_SCORE = 0.3; // the least score of a box that is shown
const MOST_OVERLAP = 0.5; // the largest intersection over union of two boxes that are both shown

/* exp(s[k] − m) / Σ exp(s − m), where m is the largest score. */
function softmax(scores) {
  const largest = Math.max(...scores), powers = scores.map((s) => Math.exp(s - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/* The boxes of objects as points. A centre is where the heat is the largest among its 3 × 3
   neighbours; there the other maps give the object's size and the place of the centre in its
   cell. */
function boxesAtPeaks([heat, sizes, offsets], stride) {
  const [, rows, columns] = heat.shape, cells = rows * columns, found = [];
  const around = { kernel: [3, 3], stride: [1, 1], padding: [[1, 1], [1, 1]], dilation: [1, 1] };
  const largest = ops.max_pool2d({ ...around, shape: heat.shape }, heat).data;
  heat.data.forEach((logit, k) => {
    const score = 1 / (1 + Math.exp(-logit)), at = k % cells;
    if (logit < largest[k] || score < LEAST_SCORE) return;
    const [wide, high] = [0, 1].map((c) => Math.max(0, sizes.data[c * cells + at]));
    const x = (at % columns) + offsets.data[at];
    const y = Math.floor(at / columns) + offsets.data[cells + at];
    found.push({ label: Math.floor(k / cells), score, left: stride * (x - wide / 2),
      top: stride * (y - high / 2), wide: stride * wide, high: stride * high });
  });
  return found.sort((a, b) => b.score - a.score).slice(0, MOST);
}

/* The boxes of a sliding window. Each place of the window has a probability for no object (class
   0) and one for each class, and a box. */
function boxesOfWindows([scores, boxes], stride) {
  const [K, rows, columns] = scores.shape, cells = rows * columns, found = [];
  for (let at = 0; at < cells; at++) {
    const chances = softmax(Array.from({ length: K }, (_, c) => scores.data[c * cells + at]));
    const [x, y, wide, high] = [0, 1, 2, 3].map((c) => boxes.data[c * cells + at]);
    const box = { left: stride * (x + (at % columns)), top: stride * (y + Math.floor(at / columns)),
      wide: stride * Math.max(0, wide), high: stride * Math.max(0, high) };
    chances.forEach((score, c) => {
      if (c > 0 && score >= LEAST_SCORE) found.push({ label: c - 1, score, ...box });
    });
  }
  return found;
}

/* The intersection over union of two boxes. */
function overlap(a, b) {
  const shared = (start, size) => Math.max(0, Math.min(a[start] + a[size], b[start] + b[size])
    - Math.max(a[start], b[start]));
  const both = shared("left", "wide") * shared("top", "high");
  return both / (a.wide * a.high + b.wide * b.high - both) || 0;
}

/* Greedy non-maximum suppression: boxes are taken in order of their scores, the highest first, and
   a box is kept if it does not overlap a rival that was kept before. */
function distinct(boxes, areRivals) {
  const kept = [];
  for (const box of [...boxes].sort((a, b) => b.score - a.score))
    if (kept.every((one) => !areRivals(one, box) || overlap(one, box) <= MOST_OVERLAP))
      kept.push(box);
  return kept;
}

/* The boxes that are shown. First, boxes that find an object of one class again are removed; then,
   where boxes of two classes overlap, the less likely one. The stride is the number of pixels
   along a side of the maps' cells: 1, 2, 4, … */
function detections(maps, [height, width]) {
  const [, rows, columns] = maps[0].shape;
  let stride = 1;
  while (Math.ceil(height / stride) > rows || Math.ceil(width / stride) > columns) stride *= 2;
  const found = maps.length === 3 ? boxesAtPeaks(maps, stride) : boxesOfWindows(maps, stride);
  return distinct(distinct(found, (a, b) => a.label === b.label), () => true);
}
