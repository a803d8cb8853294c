"""Which pixels a window sees: what the loops of convolution and pooling share."""


def tap(windows, p, q, i, j):
    """The input pixel (h, w) that tap (i, j) of window (p, q) sees; it may lie in the padding."""
    (top, _), (left, _) = windows.padding
    return (
        p * windows.stride[0] + i * windows.dilation[0] - top,
        q * windows.stride[1] + j * windows.dilation[1] - left,
    )


def inside(h, w, shape):
    """Whether pixel (h, w) lies in an image of shape (…, H, W)."""
    return 0 <= h < shape[-2] and 0 <= w < shape[-1]
