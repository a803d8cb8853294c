"use strict";
/* The forward passes, by hand. A map is { shape: [C, H, W], data: Float32Array }, and its number in
   channel c, row h, column w is data[(c·H + h)·W + w]. An op takes a step of the net (its options,
   its weights, the shape of its result) and its input maps, and returns a new map. */

const blank = (shape) => ({ shape, data: new Float32Array(shape[0] * shape[1] * shape[2]) });

/* y[k] = f(x[k], the channel of k). */
function pointwise(x, f) {
  const y = blank(x.shape), [C, H, W] = x.shape;
  for (let c = 0, k = 0; c < C; c++)
    for (const end = k + H * W; k < end; k++) y.data[k] = f(x.data[k], c);
  return y;
}

/* y[c, h, w] = x[c, h + top, w + left], and 0 where that lies outside x. */
function shifted(x, shape, top, left) {
  const y = blank(shape), [C, H, W] = shape, [, rows, columns] = x.shape;
  const from = Math.max(0, -left), to = Math.min(W, columns - left);
  for (let c = 0; c < C; c++)
    for (let h = Math.max(0, -top); h < Math.min(H, rows - top); h++) {
      const row = (c * rows + h + top) * columns + left;
      y.data.set(x.data.subarray(row + from, row + to), (c * H + h) * W + from);
    }
  return y;
}

/* Call visit(at, channel, rows, columns) for every output: its place in y.data, its channel, and
   the rows and columns of its window that lie inside the image. */
function windows({ kernel, stride, padding, dilation }, x, y, visit) {
  const [C, P, Q] = y.shape;
  const along = (axis, count, n) => Array.from({ length: count }, (_, at) =>
    Array.from({ length: kernel[axis] }, (_, i) =>
      at * stride[axis] - padding[axis][0] + i * dilation[axis]).filter((k) => k >= 0 && k < n));
  const rows = along(0, P, x.shape[1]), columns = along(1, Q, x.shape[2]);
  for (let c = 0, at = 0; c < C; c++)
    for (const window of rows) for (const across of columns) visit(at++, c, window, across);
}

/* The weights with those of four filters side by side, so that all four are read in sequence:
   [group, F / 4, taps, 4]. */
function sideBySide({ weight, groups }, filters, taps) {
  const blocks = Math.ceil(filters / 4), packed = new Float64Array(groups * blocks * taps * 4);
  for (let g = 0; g < groups; g++)
    for (let f = 0; f < filters; f++)
      for (let k = 0; k < taps; k++)
        packed[((g * blocks + (f >> 2)) * taps + k) * 4 + (f & 3)] =
          weight[(g * filters + f) * taps + k];
  return packed;
}

const ops = {
  /* y[f, p, q] = b[f] + Σ_{c,i,j} w[f, c, i, j] · x[c, p·s + i·d − top, q·s + j·d − left]
     Four filters are computed at two neighbouring places at a time, so that each number that is
     read from the image is used four times. */
  conv2d(step, x) {
    const { kernel: [kh, kw], stride: [sh, sw], padding, dilation: [dh, dw], groups, bias } = step;
    const y = blank(step.shape), [F, P, Q] = y.shape;
    const filters = F / groups, channels = x.shape[0] / groups, taps = channels * kh * kw;
    const H = (P - 1) * sh + (kh - 1) * dh + 1, W = Q * sw + (kw - 1) * dw + 1;
    const around = shifted(x, [x.shape[0], H, W], -padding[0][0], -padding[1][0]);
    const image = Float64Array.from(around.data);
    const weight = step.sideBySide ??= sideBySide(step, filters, taps);
    for (let g = 0, block = 0; g < groups; g++)
      for (let f = 0; f < filters; f += 4, block += taps * 4)
        for (let p = 0; p < P; p++)
          for (let q = 0; q < Q; q += 2) {
            let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, k = block;
            for (let c = 0; c < channels; c++)
              for (let i = 0; i < kh; i++) {
                let at = ((g * channels + c) * H + p * sh + i * dh) * W + q * sw;
                for (let j = 0; j < kw; j++, k += 4, at += dw) {
                  const left = image[at], right = image[at + sw];
                  const w0 = weight[k], w1 = weight[k + 1], w2 = weight[k + 2], w3 = weight[k + 3];
                  a0 += w0 * left; a1 += w1 * left; a2 += w2 * left; a3 += w3 * left;
                  b0 += w0 * right; b1 += w1 * right; b2 += w2 * right; b3 += w3 * right;
                }
              }
            const sums = [a0, b0, a1, b1, a2, b2, a3, b3];
            for (let n = 0; n < 4 && f + n < filters; n++)
              for (let m = 0; m < 2 && q + m < Q; m++) {
                const filter = g * filters + f + n;
                y.data[(filter * P + p) * Q + q + m] = sums[2 * n + m] + (bias ? bias[filter] : 0);
              }
          }
    return y;
  },

  /* Every x[c, p, q] adds w[c, f, i, j] · x[c, p, q] to y[f, p·s + i·d − top, q·s + j·d − left],
     which begins as b[f]: the convolution's adjoint. */
  conv_transpose2d(step, x) {
    const { kernel: [kh, kw], stride: [sh, sw], padding, dilation: [dh, dw], groups } = step;
    const y = blank(step.shape), [C, P, Q] = x.shape, [F, H, W] = y.shape, filters = F / groups;
    if (step.bias) step.bias.forEach((b, f) => y.data.fill(b, f * H * W, (f + 1) * H * W));
    for (let c = 0, k = 0; c < C; c++)
      for (let n = 0; n < filters; n++) {
        const f = Math.floor(c / (C / groups)) * filters + n;
        for (let i = 0; i < kh; i++)
          for (let j = 0; j < kw; j++, k++) {
            const w = step.weight[k];
            for (let p = 0; p < P; p++) {
              const h = p * sh + i * dh - padding[0][0];
              if (w === 0 || h < 0 || h >= H) continue;
              const into = (f * H + h) * W, from = (c * P + p) * Q;
              for (let q = 0, at = j * dw - padding[1][0]; q < Q; q++, at += sw)
                if (at >= 0 && at < W) y.data[into + at] += w * x.data[from + q];
            }
          }
      }
    return y;
  },

  /* y[c, p, q] = the largest x in the window. Its switch is h·W + w of the first place where it
     occurs. */
  max_pool2d(step, x) {
    const y = blank(step.shape), [, H, W] = x.shape;
    y.switches = new Int32Array(y.data.length);
    windows(step, x, y, (at, c, rows, columns) => {
      let best = -Infinity, place = rows[0] * W + columns[0];
      for (const h of rows)
        for (const w of columns)
          if (x.data[c * H * W + h * W + w] > best) {
            place = h * W + w;
            best = x.data[c * H * W + place];
          }
      y.data[at] = best;
      y.switches[at] = place;
    });
    return y;
  },

  /* y[c, switch of (p, q)] += x[c, p, q], beginning with zeros. With "overwrite", values that meet
     in one place are not added up, but the last one stays. */
  max_unpool2d(step, x, pooled) {
    const y = blank(step.shape), inside = y.shape[1] * y.shape[2], pixels = x.shape[1] * x.shape[2];
    for (let k = 0; k < x.data.length; k++) {
      const at = Math.floor(k / pixels) * inside + pooled.switches[k];
      y.data[at] = x.data[k] + (step.collisions === "sum" ? y.data[at] : 0);
    }
    return y;
  },

  /* y[c, p, q] = the sum of the window, divided by the number of its pixels, with or without those
     in the padding. */
  avg_pool2d(step, x) {
    const y = blank(step.shape), [, H, W] = x.shape, [kh, kw] = step.kernel;
    windows(step, x, y, (at, c, rows, columns) => {
      let sum = 0;
      for (const h of rows) for (const w of columns) sum += x.data[(c * H + h) * W + w];
      y.data[at] = sum / (step.count_include_pad ? kh * kw : rows.length * columns.length);
    });
    return y;
  },

  /* y[c, p, q] = the mean of x over rows ⌊p·H/P⌋ … ⌈(p + 1)·H/P⌉ − 1, and columns likewise. */
  adaptive_avg_pool2d(step, x) {
    const y = blank(step.shape), [C, P, Q] = y.shape, [, H, W] = x.shape;
    const cell = (k, n, count) => [Math.floor(k * n / count), Math.ceil((k + 1) * n / count)];
    for (let c = 0, at = 0; c < C; c++)
      for (let p = 0; p < P; p++)
        for (let q = 0; q < Q; q++) {
          const [top, bottom] = cell(p, H, P), [left, right] = cell(q, W, Q);
          let sum = 0;
          for (let h = top; h < bottom; h++)
            for (let w = left; w < right; w++) sum += x.data[(c * H + h) * W + w];
          y.data[at++] = sum / ((bottom - top) * (right - left));
        }
    return y;
  },

  /* y[c, h, w] = x[c, ⌊h/s⌋, ⌊w/s⌋] */
  nearest_unpool2d: (step, x) => enlarged(step, x, () => true),

  /* y[c, h, w] = x[c, h/s, w/s] where s divides both h and w, else 0. */
  bed_of_nails_unpool2d: (step, x) =>
    enlarged(step, x, (h, w) => h % step.scale[0] === 0 && w % step.scale[1] === 0),

  /* y = A x Bᵀ: each row of y lies between two rows of x, whose weights depend on how near they
     are, and each column likewise. */
  bilinear_upsample2d(step, x) {
    const y = blank(step.shape), [C, P, Q] = y.shape, [, H, W] = x.shape;
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++) {
        const [top, bottom, down] = neighbours(p, H, P, step.align_corners);
        const [left, right, across] = neighbours(q, W, Q, step.align_corners);
        for (let c = 0; c < C; c++) {
          const row = (h) => x.data[(c * H + h) * W + left] * (1 - across)
            + x.data[(c * H + h) * W + right] * across;
          y.data[(c * P + p) * Q + q] = row(top) * (1 - down) + row(bottom) * down;
        }
      }
    return y;
  },

  /* y[k] = b[k] + Σ_i w[k, i] · x[i] */
  linear(step, x) {
    const y = blank(step.shape), n = x.data.length;
    for (let k = 0; k < y.data.length; k++) {
      let sum = step.bias ? step.bias[k] : 0;
      for (let i = 0; i < n; i++) sum += step.weight[k * n + i] * x.data[i];
      y.data[k] = sum;
    }
    return y;
  },

  /* y = scale[c] · x + shift[c], with scale = w / √(variance + ε), shift = b − scale · mean. */
  batch_norm2d: (step, x) => pointwise(x, (v, c) => step.scale[c] * v + step.shift[c]),

  relu: (step, x) => pointwise(x, (v) => Math.max(v, 0)),
  leaky_relu: (step, x) => pointwise(x, (v) => (v > 0 ? v : step.negative_slope * v)),
  sigmoid: (step, x) => pointwise(x, (v) => 1 / (1 + Math.exp(-v))),

  /* y = a + b */
  add(step, a, b) {
    const y = blank(step.shape);
    for (let k = 0; k < y.data.length; k++) y.data[k] = a.data[k] + b.data[k];
    return y;
  },

  /* y = the channels of a, then those of b. */
  concat(step, a, b) {
    const y = blank(step.shape);
    y.data.set(a.data);
    y.data.set(b.data, a.data.length);
    return y;
  },

  /* The same numbers in another shape. */
  reshape: (step, x) => ({ shape: step.shape, data: x.data }),

  /* y[c, h, w] = x[c, h + top, w + left]: a piece of x, or x with zeros around it. */
  shift: (step, x) => shifted(x, step.shape, ...step.corner),
};

function enlarged({ shape, scale }, x, isKept) {
  const y = blank(shape), [C, H, W] = shape, [, rows, columns] = x.shape;
  for (let c = 0, at = 0; c < C; c++)
    for (let h = 0; h < H; h++)
      for (let w = 0; w < W; w++, at++) {
        const row = c * rows + Math.floor(h / scale[0]);
        if (isKept(h, w)) y.data[at] = x.data[row * columns + Math.floor(w / scale[1])];
      }
  return y;
}

/* The two of n places between which the p-th of P places lies, and the weight of the second. */
function neighbours(p, n, P, alignCorners) {
  const place = alignCorners ? p * (P > 1 ? (n - 1) / (P - 1) : 0)
    : Math.max(0, (p + 0.5) * n / P - 0.5);
  const first = Math.min(Math.floor(place), n - 1);
  return [first, Math.min(first + 1, n - 1), place - first];
}
