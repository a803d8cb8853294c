"""Passes as students write them, in loops, each with ways to go wrong that can be switched on.

`ZOO[exercise]` is (make, flags): make(*flags) gives the function with those mistakes; flags is a
dict from each to the name that the checker should find for it. Written without the library, so that
its catalogue of mistakes is not compared with itself.
"""

import numpy as np


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


# ---------------------------------------------------------------- convolution


def conv2d_backward(*flags):
    has = flags.__contains__

    def student(dy, x, w, *, stride, padding):
        (sh, sw), (ph, pw) = pair(stride), pair(padding)
        if has("stride ignored"):
            sh = sw = 1
        if has("dy ones"):
            dy = np.ones_like(dy)
        n, c, h, wd = x.shape
        f, _, kh, kw = w.shape
        xp = np.zeros((n, c, h + 2 * ph + 1, wd + 2 * pw + 1))
        top = 0 if has("x not shifted") else ph
        left = 0 if has("x not shifted") else pw
        xp[:, :, top : top + h, left : left + wd] = x
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        db = dy.sum(axis=(0, 2, 3))
        used = w[..., ::-1, ::-1] if has("dx kernel turned") else w
        if has("dx channels swapped") and f == c:
            used = used.swapaxes(0, 1)
        if has("dx kernel transposed") and kh == kw:
            used = used.swapaxes(2, 3)
        images = range(1) if has("first image") else range(n)
        rows, columns = dy.shape[2], dy.shape[3]
        rows -= has("last row")
        columns -= has("last column")
        for a in images:
            for p in range(rows):
                for q in range(columns):
                    there = np.s_[:, p * sh : p * sh + kh, q * sw : q * sw + kw]
                    for k in range(f):
                        g = dy[a, k, p, q]
                        if has("dx ="):
                            dxp[a][there] = g * used[k]
                        else:
                            dxp[a][there] += g * used[k]
                        if has("dw ="):
                            dw[k] = g * xp[a][there]
                        elif not (has("dw last image") and a < n - 1):
                            dw[k] += g * xp[a][there]
        if has("crop late"):
            top, left = ph + 1, pw + 1
        if has("crop early"):
            top, left = max(ph - 1, 0), max(pw - 1, 0)
        dx = dxp[:, :, top : top + h, left : left + wd].copy()
        if has("border"):
            dx[:, :, [0, -1]] = 0
            dx[:, :, :, [0, -1]] = 0
        if has("dw turned"):
            dw = dw[..., ::-1, ::-1]
        if has("dw channels swapped") and f == c:
            dw = dw.swapaxes(0, 1)
        if has("dw kernel transposed") and kh == kw:
            dw = dw.swapaxes(2, 3)
        if has("first image"):
            db = dy[0].sum(axis=(1, 2))
        if has("db mean"):
            db = db / n
        if has("dw mean"):
            dw = dw / (n * dy[0, 0].size)
        return (
            -dx if has("dx minus") else dx,
            3 * dw if has("dw thrice") else dw,
            -db if has("db minus") else db,
        )

    return student


CONV_BACKWARD = {
    "stride ignored": "stride_ignored",
    "dy ones": "dy_ignored",
    "x not shifted": "padding_ignored",
    "dx kernel turned": "kernel_rotated",
    "dx channels swapped": "channels_swapped",
    "dx kernel transposed": "kernel_axes_swapped",
    "first image": "only_first_image",
    "last row": "last_window_dropped",
    "last column": "last_window_dropped",
    "dx =": "assigned_not_added",
    "dw =": "assigned_not_added",
    "dw last image": "assigned_not_added",
    "crop late": "crop_off_by_one",
    "crop early": "crop_off_by_one",
    "border": "border_missing",
    "dw turned": "weight_gradient_rotated",
    "dw channels swapped": "channels_swapped",
    "dw kernel transposed": "kernel_axes_swapped",
    "db mean": "mean_for_sum",
    "dw mean": "mean_for_sum",
    "dx minus": "sign",
    "dw thrice": "factor",
    "db minus": "sign",
}


def conv2d(*flags):
    has = flags.__contains__

    def student(x, w, b, *, stride, padding):
        (sh, sw), (ph, pw) = pair(stride), pair(padding)
        n, c, h, wd = x.shape
        f, _, kh, kw = w.shape
        p, q = (h + 2 * ph - kh) // sh + 1, (wd + 2 * pw - kw) // sw + 1
        if has("stride ignored"):
            sh = sw = 1
        xp = np.zeros((n, c, h + 2 * ph + 1, wd + 2 * pw + 1))
        top, left = (0, 0) if has("not shifted") else (ph, pw)
        xp[:, :, top : top + h, left : left + wd] = x
        if has("turned"):
            w = w[..., ::-1, ::-1]
        if has("transposed") and kh == kw:
            w = w.swapaxes(2, 3)
        if has("channels swapped") and f == c:
            w = w.swapaxes(0, 1)
        y = np.zeros((n, f, p, q))
        for i in range(p - has("last row")):
            for j in range(q):
                window = xp[:, None, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
                terms = window * w[None]
                if has("last channel"):
                    terms = terms[:, :, -1:]
                y[:, :, i, j] = terms.sum(axis=(2, 3, 4))
                y[:, :, i, j] += 0 if has("no bias") else b * (c if has("bias often") else 1)
        return -y if has("minus") else y

    return student


CONV = {
    "stride ignored": "stride_ignored",
    "not shifted": "padding_ignored",
    "turned": "kernel_rotated",
    "transposed": "kernel_axes_swapped",
    "channels swapped": "channels_swapped",
    "last row": "last_window_dropped",
    "last channel": "assigned_not_added",
    "no bias": "bias_missing",
    "bias often": "bias_repeated",
    "minus": "sign",
}


# ---------------------------------------------------------------- transpose convolution


def conv_transpose2d(*flags):
    has = flags.__contains__

    def student(x, w, b, *, stride, padding, output_padding=0):
        (sh, sw), (ph, pw) = pair(stride), pair(padding)
        n, c, h, wd = x.shape
        _, f, kh, kw = w.shape
        height = (h - 1) * sh - 2 * ph + kh + output_padding
        width = (wd - 1) * sw - 2 * pw + kw + output_padding
        if has("turned"):
            w = w[..., ::-1, ::-1]
        if has("channels swapped") and f == c:
            w = w.swapaxes(0, 1)
        if has("transposed") and kh == kw:
            w = w.swapaxes(2, 3)
        if has("stride ignored"):
            sh = sw = 1
        canvas = np.zeros((n, f, height + 2 * ph + 2, width + 2 * pw + 2))
        for i in range(h - has("last row")):
            for j in range(wd):
                painting = np.einsum("nc,cfij->nfij", x[:, :, i, j], w)
                there = np.s_[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
                if has("="):
                    canvas[there] = painting
                else:
                    canvas[there] += painting
        top, left = (0, 0) if has("not cut") else (ph, pw)
        if has("cut late"):
            top, left = ph + 1, pw + 1
        if has("extra on top") and output_padding:
            top, left = top - output_padding, left - output_padding
        y = canvas[:, :, top : top + height, left : left + width]
        return y if has("no bias") else y + b[:, None, None]

    return student


TRANSPOSE = {
    "turned": "kernel_rotated",
    "channels swapped": "channels_swapped",
    "transposed": "kernel_axes_swapped",
    "stride ignored": "stride_ignored",
    "last row": "last_window_dropped",
    "=": "assigned_not_added",
    "not cut": "padding_ignored",
    "cut late": "crop_off_by_one",
    "extra on top": "output_padding_on_wrong_side",
    "no bias": "bias_missing",
}


def conv_transpose2d_backward(*flags):
    has = flags.__contains__

    def student(dy, x, w, *, stride, padding):
        (sh, sw), (ph, pw) = pair(stride), pair(padding)
        n, c, h, wd = x.shape
        _, f, kh, kw = w.shape
        if has("dy ones"):
            dy = np.ones_like(dy)
        wide = np.zeros((n, f, (h + 1) * sh + kh + 2 * ph + 2, (wd + 1) * sw + kw + 2 * pw + 2))
        top, left = (0, 0) if has("not shifted") else (ph, pw)
        wide[:, :, top : top + dy.shape[2], left : left + dy.shape[3]] = dy
        used = w[..., ::-1, ::-1] if has("turned") else w
        if has("channels swapped") and f == c:
            used = used.swapaxes(0, 1)
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for a in range(n):
            for i in range(h):
                for j in range(wd):
                    g = wide[a, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
                    dx[a, :, i, j] = (used * g).sum(axis=(1, 2, 3))
                    term = x[a, :, i, j][:, None, None, None] * g
                    dw = term if has("dw =") else dw + term
        db = dy.sum(axis=(0, 2, 3))
        if has("dw turned"):
            dw = dw[..., ::-1, ::-1]
        if has("db first image"):
            db = dy[0].sum(axis=(1, 2))
        return dx, dw / n if has("dw mean") else dw, 2 * db if has("db twice") else db

    return student


TRANSPOSE_BACKWARD = {
    "dy ones": "dy_ignored",
    "not shifted": "padding_ignored",
    "turned": "kernel_rotated",
    "channels swapped": "channels_swapped",
    "dw =": "assigned_not_added",
    "dw turned": "weight_gradient_rotated",
    "db first image": "only_first_image",
    "dw mean": "mean_for_sum",
    "db twice": "factor",
}


# ---------------------------------------------------------------- pooling


def max_pool2d(*flags):
    has = flags.__contains__

    def student(x, kernel_size, *, stride, padding):
        (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(stride), pair(padding)
        n, c, h, w = x.shape
        p, q = (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1
        y, switches = np.empty((n, c, p, q)), np.zeros((n, c, p, q), int)
        for a, k, i, j in np.ndindex(n, c, p, q):
            best, place = -np.inf, 0
            for u in range(kh):
                for v in range(kw):
                    r, s = i * sh - ph + u, j * sw - pw + v
                    if not (0 <= r < h and 0 <= s < w):
                        continue
                    value = -x[a, k, r, s] if has("smallest") else x[a, k, r, s]
                    if value > best or (has("ties last") and value == best):
                        best = value
                        place = r * w + s
                        if has("local"):
                            place = u * kw + v
                        if has("by height"):
                            place = r * h + s
                        if has("padded"):
                            place = (r + ph) * (w + 2 * pw) + s + pw
                        if has("counting on"):
                            place += (a * c + k) * h * w
            y[a, k, i, j] = -best if has("smallest") else best
            if has("zeros around") and min(i * sh - ph, j * sw - pw) < 0:
                y[a, k, i, j] = max(best, 0)
            switches[a, k, i, j] = place
        return y, switches

    return student


POOL = {
    "smallest": "other_value",
    "ties last": "last_tie",
    "local": "window_local_index",
    "by height": "wrong_row_length",
    "padded": "padded_coordinates",
    "counting on": "counted_over_planes",
}


def scattering(*flags):
    """max_pool2d_backward, and max_unpool2d."""
    has = flags.__contains__

    def student(dy, switches, size):
        n, c, p, q = dy.shape
        h, w = size
        if has("ones"):
            dy = np.ones_like(dy)
        dx = np.zeros((n, c, h, w))
        for a, k, i, j in np.ndindex(n, c, p - has("last row"), q):
            s = switches[a, k, i, j]
            if has("plane 0"):
                s = switches[0, 0, i, j]
            if has("neighbour"):
                s = switches[a, k, i, (j + 1) % q]
            row, column = s // w, s % w
            if has("columns first"):
                row, column = s % h, s // h
            if has("nails"):
                row, column = i * (h // p), j * (w // q)
            if has("even"):
                kh, kw = h // p, w // q
                there = np.s_[a, k, i * kh : i * kh + kh, j * kw : j * kw + kw]
                dx[there] += dy[a, k, i, j] / (kh * kw)
            elif has("="):
                dx[a, k, row, column] = dy[a, k, i, j]
            else:
                dx[a, k, row, column] += dy[a, k, i, j]
        return -dx if has("minus") else dx

    return student


SCATTERING = {
    "last row": "last_window_dropped",
    "plane 0": "switches_of_another_plane",
    "neighbour": "switches_of_another_window",
    "columns first": "wrong_row_length",
    "nails": "nails",
    "even": "averaged",
    "=": "assigned_not_added",
    "minus": "sign",
}


OF_WINDOW = {
    "pooled again": lambda blocks: blocks.max(axis=(3, 5)),
    "sum of window": lambda blocks: blocks.sum(axis=(3, 5)),
    "mean of window": lambda blocks: blocks.mean(axis=(3, 5)),
    "top left of window": lambda blocks: blocks[:, :, :, 0, :, 0],
}


def max_unpool2d_backward(*flags):
    has = flags.__contains__

    def student(dy, switches):
        h, w = dy.shape[2:]
        if has("every second"):
            return dy[:, :, ::2, ::2]
        for flag, read in OF_WINDOW.items():
            if has(flag):
                blocks = dy[:, :, : h // 2 * 2, : w // 2 * 2]
                return read(blocks.reshape(*dy.shape[:2], h // 2, 2, w // 2, 2))
        dx = np.zeros(switches.shape)
        for a, k, i, j in np.ndindex(*switches.shape):
            s = switches[a, k, i, j]
            if has("image 0"):
                s = switches[0, k, i, j]
            row, column = (s % h, s // h) if has("columns first") else (s // w, s % w)
            dx[a, k, i, j] = 1 if has("dy ones") else dy[a, k, row, column]
        return dx / 4 if has("quarter") else dx

    return student


GATHERING = {
    "image 0": "switches_of_another_plane",
    "columns first": "wrong_row_length",
    "every second": "switches_ignored",
    **dict.fromkeys(OF_WINDOW, "switches_ignored"),
    "dy ones": "dy_ignored",
    "quarter": "factor",
}


# ---------------------------------------------------------------- upsampling


def nearest_unpool2d_backward(*flags):
    has = flags.__contains__

    def student(dy, scale):
        sh, sw = pair(scale)
        n, c, h, w = dy.shape
        blocks = dy.reshape(n, c, h // sh, sh, w // sw, sw)
        if has("tiled"):
            dx = dy.reshape(n, c, sh, h // sh, sw, w // sw).sum(axis=(2, 4))
        elif has("nails"):
            dx = blocks[:, :, :, 0, :, 0]
        else:
            dx = blocks.mean(axis=(3, 5)) if has("mean") else blocks.sum(axis=(3, 5))
        return -dx if has("minus") else dx

    return student


NEAREST_BACKWARD = {
    "tiled": "tiled",
    "nails": "nails",
    "mean": "mean_for_sum",
    "minus": "sign",
}


def bed_of_nails_unpool2d_backward(*flags):
    has = flags.__contains__

    def student(dy, scale):
        sh, sw = pair(scale)
        if has("blocks"):
            n, c, h, w = dy.shape
            return dy.reshape(n, c, h // sh, sh, w // sw, sw).sum(axis=(3, 5))
        row, column = (sh - 1, sw - 1) if has("bottom right") else (0, 0)
        return dy[:, :, row::sh, column::sw] * (2 if has("twice") else 1)

    return student


NAILS_BACKWARD = {"blocks": "whole_blocks", "bottom right": "wrong_corner", "twice": "factor"}


def bilinear_upsample2d_backward(*flags):
    has = flags.__contains__

    def shares(small, large):
        matrix = np.zeros((large, small))
        for i in range(large):
            at = min(max((i + 0.5) * small / large - 0.5, 0), small - 1)
            if has("corners"):
                at = i * (small - 1) / (large - 1) if large > 1 else 0
            if has("nearest"):
                at = i * small // large
            low = int(at)
            matrix[i, low] += 1 - (at - low)
            matrix[i, min(low + 1, small - 1)] += at - low
        return matrix

    def student(dy, input_size):
        (h, w), (p, q) = input_size, dy.shape[2:]
        if has("back"):
            return np.einsum("hp,ncpq,wq->nchw", shares(p, h), dy, shares(q, w))
        return np.einsum("ph,ncpq,qw->nchw", shares(h, p), dy, shares(w, q))

    return student


BILINEAR_BACKWARD = {"corners": "other_corner_convention", "back": "interpolated_back"}


# ---------------------------------------------------------------- pixel by pixel, and losses


def relu_backward(*flags):
    has = flags.__contains__

    def student(dy, x):
        if has("everywhere"):
            return dy.copy()
        if has("dy asked"):
            return dy * (dy > 0)
        if has("value"):
            return dy * x * (x > 0)
        if has("turned"):
            return dy * (x < 0)
        if has("relu of x"):
            return x * (x > 0)
        return dy * (x > 0) * (0.5 if has("half") else 1)

    return student


RELU_BACKWARD = {
    "everywhere": "mask_missing",
    "dy asked": "mask_of_dy",
    "value": "value_for_slope",
    "turned": "mask_turned",
    "relu of x": "forward_again",
    "half": "factor",
}


def linear_backward(*flags):
    has = flags.__contains__

    def student(dy, x, w):
        dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(len(w))
        for a in range(len(dy)):
            square = has("transposed") and w.shape[0] == w.shape[1]
            dx[a] = (w if square else w.T) @ dy[a]
            term = np.outer(dy[a], x[a])
            dw = term if has("dw =") else dw + term
            db = dy[a] if has("db =") else db + dy[a]
        if has("dw transposed") and w.shape[0] == w.shape[1]:
            dw = dw.T
        return dx, dw / len(dy) if has("mean") else dw, -db if has("db minus") else db

    return student


LINEAR_BACKWARD = {
    "transposed": "weight_not_transposed",
    "dw transposed": "gradient_transposed",
    "dw =": "assigned_not_added",
    "db =": "assigned_not_added",
    "mean": "mean_for_sum",
    "db minus": "sign",
}


def batch_norm2d_backward(*flags):
    has = flags.__contains__

    def student(dy, x, w, statistics):
        mean, var = (s[:, None, None] for s in statistics)
        count = x.size // x.shape[1]
        sigma = np.sqrt(var + 1e-5)
        centred = x - mean
        hat = centred / sigma
        dhat = dy if has("no w") else dy * w[:, None, None]
        dvar = (dhat * centred).sum(axis=(0, 2, 3), keepdims=True) * -0.5 * sigma**-3
        dmean = (-dhat / sigma).sum(axis=(0, 2, 3), keepdims=True)
        dx = dhat / sigma
        if not has("var constant"):
            dx = dx + dvar * 2 * centred / count
        if not has("mean constant"):
            dx = dx + dmean / count
        dw = (dy * (centred if has("not divided") else hat)).sum(axis=(0, 2, 3))
        db = dy.sum(axis=(0, 2, 3))
        return dx, dw, db / count if has("mean") else db

    return student


NORM_BACKWARD = {
    "no w": "weight_missing",
    "var constant": "variance_constant",
    "mean constant": "mean_constant",
    "not divided": "not_normalized",
    "mean": "mean_for_sum",
}


def softmax_backward(*flags):
    has = flags.__contains__

    def student(dy, y):
        if has("first term"):
            return y * dy
        if has("diagonal"):
            return y * (1 - y) * dy
        dx = y * (dy - (y * dy).sum(axis=0 if has("samples") else 1, keepdims=True))
        return -dx if has("minus") else dx

    return student


SOFTMAX_BACKWARD = {
    "first term": "second_term_missing",
    "diagonal": "second_term_missing",
    "samples": "wrong_axis",
    "minus": "sign",
}


def cross_entropy_backward(*flags):
    has = flags.__contains__

    def student(scores, labels):
        axis = 0 if has("samples") else 1
        shares = np.exp(scores - scores.max(axis=axis, keepdims=True))
        shares /= shares.sum(axis=axis, keepdims=True)
        hot = np.moveaxis(np.eye(scores.shape[1])[labels], -1, 1)
        gradient = shares if has("softmax only") else shares - hot
        if has("true class only"):
            gradient = gradient * hot
        if not has("sum"):
            gradient = gradient / (len(labels) if has("images") else labels.size)
        return -gradient if has("minus") else gradient

    return student


CROSS_ENTROPY_BACKWARD = {
    "samples": "wrong_axis",
    "softmax only": "one_hot_missing",
    "true class only": "only_true_class",
    "sum": "not_averaged",
    "images": "not_averaged",
    "minus": "sign",
}


def smooth_l1_loss_backward(*flags):
    has = flags.__contains__

    def student(prediction, target):
        d = prediction - target
        slope = np.where(np.abs(d) < 1, d, np.sign(d))
        slope = d if has("square") else np.sign(d) if has("straight") else slope
        slope = -slope if has("minus") else slope
        return slope if has("sum") else slope / (len(d) if has("boxes") else d.size)

    return student


SMOOTH_L1_BACKWARD = {
    "square": "square_everywhere",
    "straight": "straight_everywhere",
    "sum": "not_averaged",
    "boxes": "not_averaged",
    "minus": "sign",
}


def mse_loss_backward(*flags):
    has = flags.__contains__

    def student(prediction, target):
        d = (prediction - target) * (1 if has("no 2") else 2)
        return d if has("sum") else d / d.size

    return student


MSE_BACKWARD = {"no 2": "half_missing", "sum": "not_averaged"}


def two_losses_backward(*flags):
    has = flags.__contains__

    def student(scores, boxes, labels, targets, *, box_weight):
        dscores = cross_entropy_backward()(scores, labels)
        dboxes = 2 * (boxes - targets) / boxes.size
        if has("λ on both"):
            dscores = box_weight * dscores
        return dscores, dboxes if has("no λ") else box_weight * dboxes

    return student


TWO_LOSSES = {"no λ": "box_weight_missing", "λ on both": "box_weight_on_both"}


def two_heads_backward(*flags):
    has = flags.__contains__

    def student(dscores, dboxes, features, class_weight, box_weight):
        dfeatures = dscores @ class_weight
        if not has("one head"):
            dfeatures = dfeatures + dboxes @ box_weight
        if has("mean"):
            dfeatures = dfeatures / 2
        return dfeatures, dscores.T @ features, dboxes.T @ features

    return student


TWO_HEADS = {"one head": "one_head_only", "mean": "heads_averaged"}

ZOO = {
    "conv2d": (conv2d, CONV),
    "conv2d_backward": (conv2d_backward, CONV_BACKWARD),
    "conv_transpose2d": (conv_transpose2d, TRANSPOSE),
    "conv_transpose2d_backward": (conv_transpose2d_backward, TRANSPOSE_BACKWARD),
    "max_pool2d": (max_pool2d, POOL),
    "max_pool2d_backward": (scattering, SCATTERING),
    "max_unpool2d": (scattering, SCATTERING),
    "max_unpool2d_backward": (max_unpool2d_backward, GATHERING),
    "nearest_unpool2d_backward": (nearest_unpool2d_backward, NEAREST_BACKWARD),
    "bed_of_nails_unpool2d_backward": (bed_of_nails_unpool2d_backward, NAILS_BACKWARD),
    "bilinear_upsample2d_backward": (bilinear_upsample2d_backward, BILINEAR_BACKWARD),
    "relu_backward": (relu_backward, RELU_BACKWARD),
    "linear_backward": (linear_backward, LINEAR_BACKWARD),
    "batch_norm2d_backward": (batch_norm2d_backward, NORM_BACKWARD),
    "softmax_backward": (softmax_backward, SOFTMAX_BACKWARD),
    "cross_entropy_backward": (cross_entropy_backward, CROSS_ENTROPY_BACKWARD),
    "mse_loss_backward": (mse_loss_backward, MSE_BACKWARD),
    "smooth_l1_loss_backward": (smooth_l1_loss_backward, SMOOTH_L1_BACKWARD),
    "two_losses_backward": (two_losses_backward, TWO_LOSSES),
    "two_heads_backward": (two_heads_backward, TWO_HEADS),
}
