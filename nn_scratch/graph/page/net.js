"use strict";
/* The net as a list of steps. Each step says its op, the values that it takes (0 is the image, k is
   the result of step k), and the shape of its result. */

/* Float32 numbers from base64, which holds only the upper `kept` of the four bytes of each. */
function decoded({ kept, base64 }) {
  const bytes = atob(base64), bits = new Uint32Array(bytes.length / kept);
  for (let k = 0; k < bytes.length; k++)
    bits[Math.floor(k / kept)] |= bytes.charCodeAt(k) << (8 * (4 - kept + (k % kept)));
  return new Float32Array(bits.buffer);
}

class Net {
  constructor({ steps, numbers }) {
    const all = decoded(numbers);
    for (const step of steps)
      for (const [name, [start, length]] of Object.entries(step.arrays ?? {}))
        step[name] = all.subarray(start, start + length);
    this.steps = steps;
  }

  /* All values of a forward pass, beginning with the image. */
  run(image) {
    const values = [image];
    for (const step of this.steps)
      values.push(ops[step.op](step, ...step.inputs.map((k) => values[k])));
    return values;
  }

  /* The receptive field of a pixel of value k in the image: { rows: [first, last], columns }. From
     step to step backwards, the range of rows that the pixel depends on is found, and in the same
     way the range of columns. */
  sees(values, k, row, column) {
    const [rows, columns] = [row, column].map((place, axis) => {
      const ranges = Array.from(values, () => null);
      ranges[k] = [place, place];
      for (let at = k; at > 0; at--) {
        const step = this.steps[at - 1];
        if (!ranges[at]) continue;
        for (const [n, input] of step.inputs.entries()) {
          const size = values[input].shape[axis + 1];
          if (step.op === "max_unpool2d" && n === 1) continue; // it gives only places
          const [first, last] = entering(step, axis, ...ranges[at], size);
          const before = ranges[input] ?? [size, -1];
          const from = Math.max(0, Math.min(first, before[0]));
          ranges[input] = [from, Math.min(size - 1, Math.max(last, before[1]))];
        }
      }
      return ranges[0];
    });
    return { rows, columns };
  }
}

/* The range [first, last] along an axis of a step's input, of size n, on which the range from
   `first` to `last` of its output depends. */
function entering(step, axis, first, last, n) {
  const by = (name) => step[name][axis];
  switch (step.op) {
    case "conv2d": case "max_pool2d": case "avg_pool2d": {
      const start = (place) => place * by("stride") - by("padding")[0];
      return [start(first), start(last) + (by("kernel") - 1) * by("dilation")];
    }
    case "conv_transpose2d": case "max_unpool2d": {
      const reach = (by("kernel") - 1) * by("dilation"), before = by("padding")[0];
      const back = (place) => (place + before) / by("stride");
      return [Math.ceil(back(first - reach)), Math.floor(back(last))];
    }
    case "nearest_unpool2d":
      return [Math.floor(first / by("scale")), Math.floor(last / by("scale"))];
    case "bed_of_nails_unpool2d":
      return [Math.ceil(first / by("scale")), Math.floor(last / by("scale"))];
    case "bilinear_upsample2d": {
      const at = (place) => neighbours(place, n, step.shape[axis + 1], step.align_corners);
      return [at(first)[0], at(last)[1]];
    }
    case "adaptive_avg_pool2d": {
      const cell = n / step.shape[axis + 1];
      return [Math.floor(first * cell), Math.ceil((last + 1) * cell) - 1];
    }
    case "shift":
      return [first + step.corner[axis], last + step.corner[axis]];
    case "linear": case "reshape":
      return [0, n - 1];
    default:
      return [first, last];
  }
}
