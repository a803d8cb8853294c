"""Names, sentences and questions for relations that have a special meaning in some exercises.

For instance, a relation of `signatures` finds that dx is what "ones in place of dy" would give. In
a backward pass that means that dy is ignored, and the mistake is named so.
"""

from nn_scratch.exercises.mistakes.mistake import Wording


def wording(mistake, key, exercise):
    """The Wording for a key of a mistake in an exercise, or None."""
    return next((w for w in WORDINGS if w.fits(mistake, key, exercise)), None)


def several(found, *said):
    """The same Wording for several pairs (relation, key)."""
    return [Wording(relation, key, *said) for relation, key in found]


CONV = "conv2d conv2d_backward conv_transpose2d conv_transpose2d_backward"
SUMMING = "conv2d_backward conv_transpose2d_backward linear_backward batch_norm2d_backward"
BY_SWITCHES = "max_pool2d_backward max_unpool2d max_unpool2d_backward"
LOSSES = (
    "cross_entropy cross_entropy_backward mse_loss mse_loss_backward smooth_l1_loss "
    "smooth_l1_loss_backward two_losses_backward"
)

GENERAL = [
    Wording(
        "replaced", "ones in place of dy", "", "dy_ignored",
        "dy is not used: this is the gradient of the sum of y, as if dy were ones everywhere.",
        "The loss does not grow equally with every output. Where does dy enter the chain rule?",
    ),
    Wording(
        "factor", "divided by the number of*", SUMMING, "mean_for_sum",
        "Your {result} {is} the right {one} {key}: a mean stands where the sum belongs.",
        "The loss is already a number; dy has its 1/N in it. What is left to average?",
    ),
    Wording(
        "only_one", "the last row of dy alone", "linear_backward",
        "assigned_not_added",
        "In {result} only the last sample counts: = stands where += belongs.",
        "Over what do dw and db sum?",
    ),
    Wording(
        "only_one", "the first image of dy alone", "", "only_first_image",
        "In {result} only the first image of the batch counts.",
        "Which index of your arrays is the batch, and where do you go through all of it?",
    ),
    Wording(
        "only_one", "the first row of dy alone", "linear_backward", "only_first_image",
        "In {result} only the first sample of the batch counts.",
        "Which index of your arrays is the batch, and where do you go through all of it?",
    ),
    Wording(
        "term", "the bias is missing", "", "bias_missing",
        "The bias is not added.",
        "What is y where x is zero everywhere?",
    ),
    Wording(
        "term", "the bias is multiplied by*", "conv2d conv_transpose2d", "bias_repeated",
        "The bias is added more than once: {key}.",
        "How often does the statement's formula say + b for one output?",
    ),
]  # fmt: skip

CONVOLUTIONS = [
    Wording(
        "reversed", "w with kernel rows and kernel columns*", "conv2d_backward", "kernel_rotated",
        "Your {result} {is} what the kernel turned by half a turn, w[..., ::-1, ::-1], would give.",
        "Output p read x[p + i] with w[i]. Does dy[p] meet the same w[i] on its way back to p + i?",
    ),
    Wording(
        "reversed", "w with kernel rows and kernel columns*", CONV, "kernel_rotated",
        "Your {result} {is} what the kernel turned by half a turn, w[..., ::-1, ::-1], would give.",
        "Which pixel of x meets w[0, 0]: the first or the last of the window?",
    ),
    Wording(
        "reversed", "the right {one} with kernel rows and kernel columns*", CONV,
        "weight_gradient_rotated",
        "Your dw is the right one turned by half a turn, dw[..., ::-1, ::-1].",
        "w[i, j] met x[p + i, q + j]. In which direction does i run in your sum?",
    ),
    Wording(
        "axes_exchanged", "w with *put channels exchanged", CONV, "channels_swapped",
        "In your {result}, input and output channels of w are exchanged.",
        "What are the first two axes of w called, in the shape that the statement gives?",
    ),
    Wording(
        "axes_exchanged", "the right {one} with *put channels exchanged", CONV, "channels_swapped",
        "In your {result}, input and output channels are exchanged.",
        "What are the first two axes of w called, in the shape that the statement gives?",
    ),
    Wording(
        "axes_exchanged", "* with kernel rows and kernel columns exchanged", CONV,
        "kernel_axes_swapped",
        "In your {result}, rows and columns of the kernel are exchanged.",
        "Which of i and j goes with the height?",
    ),
    Wording(
        "option_ignored", "a stride of 1*", "conv2d_backward", "stride_ignored",
        "Your {result} {is} what comes of {key}.",
        "Output p looked at the pixels p·stride + i. Where does its gradient go back to?",
    ),
    Wording(
        "option_ignored", "a stride of 1*", "conv2d", "stride_ignored",
        "Your {result} {is} what comes of {key}.",
        "By how many pixels does the window move from one output to the next?",
    ),
    Wording(
        "option_ignored", "a stride of 1*", CONV, "stride_ignored",
        "Your {result} {is} what comes of {key}.",
        "Where does pixel p of x begin to paint, when the stride is 2?",
    ),
    Wording(
        "option_ignored", "all of the padding at the bottom and right*", "conv2d conv2d_backward",
        "padding_ignored",
        "The windows start at p·stride, not at p·stride − padding: nothing is shifted by the "
        "padding.",
        "In unpadded x, which row is the first that output 0 looks at?",
    ),
    Wording(
        "option_ignored", "all of the padding at the bottom and right*", CONV, "padding_ignored",
        "The wrong part is cut out: the padding is taken from the bottom and the right only.",
        "In which row of the uncut painting does the image begin?",
    ),
    *(
        Wording(
            "part_missing", f"{of} with zeros in the last {axis}*", exercises,
            "last_window_dropped",
            "The last window is left out, in each row, each column, or both.",
            "How many windows are there in a row, and where does your loop end?",
        )
        for of, exercises in (
            ("the right {one}", "conv2d max_pool2d"),
            ("dy", "conv2d_backward max_pool2d_backward"),
            ("x", "conv_transpose2d conv_transpose2d_backward max_unpool2d"),
        )
        for axis in ("row", "column")
    ),
    Wording(
        "part_missing", "the right {one} with zeros in the first row and the last row and*",
        "conv2d_backward", "border_missing",
        "The outermost rows and columns of {result} are zero.",
        "Do the pixels of the border belong to any window?",
    ),
]  # fmt: skip

LINEAR = [
    Wording(
        "axes_exchanged", "w with rows and columns exchanged", "linear", "weight_not_transposed",
        "x is multiplied by w as it is, x·w; y is x·wᵀ.",
        "w is (out, in). Over which of its axes must the sum go?",
    ),
    Wording(
        "axes_exchanged", "w with rows and columns exchanged", "linear_backward",
        "weight_not_transposed",
        "dx multiplies dy by wᵀ; dx is dy·w.",
        "dy is (N, out), w is (out, in). Which product of them is (N, in)?",
    ),
    Wording(
        "axes_exchanged", "the right {one} with rows and columns exchanged", "linear_backward",
        "gradient_transposed",
        "Your {result} {is} transposed: rows and columns are exchanged.",
        "dy is (N, out), x is (N, in), w is (out, in). Which product has the shape of {result}?",
    ),
]  # fmt: skip

POOLING = [
    *(
        Wording(
            relation, key, exercises, "switches_of_another_window",
            "Each value goes by the switch of another window.",
            "Do values and switches run through the windows in the same order?",
        )
        for relation, key, exercises in (
            ("shifted", "dy moved*", "max_pool2d_backward"),
            ("shifted", "x moved*", "max_unpool2d"),
            ("shifted", "the right*", "max_unpool2d_backward"),
            ("axes_exchanged", "x with rows and columns exchanged", "max_unpool2d"),
            ("axes_exchanged", "dy with rows and columns exchanged", "max_pool2d_backward"),
        )
    ),
    Wording(
        "factor", "divided by the number of pixels of a block", "nearest_unpool2d_backward",
        "mean_for_sum",
        "The mean of each block is taken; the sum is wanted.",
        "If one pixel of x grows by 1, by how much does the sum of its block grow?",
    ),
    Wording(
        "block_filled", "the top left", "nearest_unpool2d", "nails",
        "Only the top left of each block is filled, as with a bed of nails.",
        "How many pixels of y are copies of one pixel of x?",
    ),
    Wording(
        "one_of_the_block", "the pixel in row 0, column 0", "nearest_unpool2d_backward", "nails",
        "Only the top left of each block counts, as with a bed of nails.",
        "How many pixels of y are copies of one pixel of x?",
    ),
    Wording(
        "one_change", "*= shares(dy.shape*input_size*.T, shares*", "bilinear_upsample2d_backward",
        "interpolated_back",
        "dy is interpolated down to the size of x. Backward is the transposed matrix, not a way "
        "back.",
        "Each pixel of y took shares of up to four pixels. Which shares of dy does one pixel of x "
        "get?",
    ),
    Wording(
        "one_change", "*`at = i * (small - 1) / max(large - 1, 1)`", "", "other_corner_convention",
        "The centres of the corner pixels lie on each other (align_corners=True); here the images' "
        "edges do.",
        "Pixels are squares. Where is the left edge of the small image, and where that of the "
        "large?",
    ),
]  # fmt: skip

BATCH_NORM = [
    Wording(
        "term", "the path through the mean is missing", "batch_norm2d_backward", "mean_constant",
        "The mean is treated as a constant; it depends on x.",
        "If one pixel of a channel grows, what does the channel's mean do?",
    ),
    Wording(
        "term", "the path through the variance is missing", "batch_norm2d_backward",
        "variance_constant",
        "The variance is treated as a constant; it depends on x.",
        "If one pixel moves away from the mean, what does the channel's variance do?",
    ),
    Wording(
        "term", "the path through the mean is missing, and the path through the variance missing",
        "batch_norm2d_backward", "statistics_constant",
        "Mean and variance are treated as constants; both depend on x.",
        "Which of the three places where x stands in the formula have you differentiated?",
    ),
    *several(
        (
            ("one_change", "*(dy * x).sum(axis=AXES)*"),
            ("one_change", "*(dy * (x - wide(mean))).sum(axis=AXES)*"),
        ),
        "batch_norm2d_backward", "not_normalized",
        "dw uses x as it is; y is w times the *normalized* x.",
        "What does w multiply in the forward pass?",
    ),
    Wording(
        "replaced", "ones in place of w", "batch_norm2d_backward", "weight_missing",
        "dx lacks the factor w.",
        "What multiplies the normalized x on its way to y?",
    ),
    Wording(
        "one_change", "*x.var(axis=(2, 3), keepdims=True)*", "batch_norm2d",
        "statistics_per_image",
        "Each image has its own mean and variance; batch norm takes those of the whole batch.",
        "Over which axes of (N, C, H, W) does a channel's mean go?",
    ),
    Wording(
        "one_change", "*0.1 * running_mean + 0.9 *", "batch_norm2d", "momentum_exchanged",
        "The running statistics keep a tenth of the old values; they take a tenth of the new ones.",
        "After a million batches, should one batch still matter much?",
    ),
]  # fmt: skip

POINTWISE = [
    Wording(
        "arguments_exchanged", "x in place of dy", "relu_backward", "forward_again",
        "This is the forward pass once more: the values of relu(x), without dy.",
        "What tells you how much the loss grows with each output, and where is it in your result?",
    ),
    Wording(
        "region", "x < 0: there it is −x", "relu", "absolute",
        "Negative values only lose their sign; they must become zero.",
        "What is max(−2, 0)?",
    ),
    *several(
        (
            ("term", "−y·Σ y·dy is missing"),
            ("one_change", "*`return dy * y * (1 - y)`"),
        ),
        "softmax_backward", "second_term_missing",
        "The second term is missing: each y depends on every x, through the sum.",
        "If one score grows, what happens to the other probabilities?",
    ),
    *several(
        (
            ("one_change", "with `*` in place of every `1`"),
            ("one_change", "*powers.sum(axis=0*"),
            ("one_change", "*powers.sum(axis=2*"),
            ("one_change", "*powers.sum(axis=-1*"),
            ("one_change", "*powers.sum(axis=(*"),
            ("one_change", "*`return y * (dy - (y * dy).sum(axis=0, keepdims=True))`"),
            ("one_change", "*`return y * (dy - (y * dy).sum(axis=-1, keepdims=True))`"),
            ("term", "−y·Σ y·dy is a sum over axis*"),
            ("term", "the softmax is taken over axis*"),
        ),
        "", "wrong_axis",
        "The sum goes over another axis than the classes'.",
        "What should sum to 1: the scores of one sample, or those of one class?",
    ),
]  # fmt: skip

OF_LOSSES = [
    *(
        Wording(
            "factor", key, LOSSES, "not_averaged",
            "Your {result} {is} the right {one} {key}: the mean goes over all numbers.",
            "Over how many numbers does the mean go, and what do you divide by?",
        )
        for key in ("times the number of*", "times the size of*")
    ),
    *several(
        (
            ("other_numbers", "the negative part of the right*"),
            ("term", "the softmax is missing"),
        ),
        "cross_entropy_backward two_losses_backward", "only_true_class",
        "Only the true class's score gets a gradient; all scores enter through the sum.",
        "If a wrong class's score grows, what happens to the probability of the true one?",
    ),
    Wording(
        "term", "minus 1 at the true class is missing", "", "one_hot_missing",
        "Your dscores is the softmax alone: nothing is taken from the true class.",
        "Which way should the true class's score move, up or down?",
    ),
    Wording(
        "one_change", "*-exp(logs).mean()`", "cross_entropy", "log_missing",
        "This is the probability of the true class, not its logarithm.",
        "What is the loss of a prediction that is certain, and of one that is certain and wrong?",
    ),
    Wording(
        "factor", "divided by 2", "mse_loss mse_loss_backward", "half_missing",
        "Your {result} {is} half of the right {one}: it belongs to half the square; here it is the "
        "square.",
        "What is the derivative of d²?",
    ),
    *several(
        (
            ("one_change", "*`return (d ** 2 / 2).mean()`"),
            ("region", "1 ≤ |d|: there it is d"),
        ),
        "smooth_l1_loss smooth_l1_loss_backward", "square_everywhere",
        "Large differences are squared, too; from 1 on the loss is a straight line.",
        "How steep should the loss be for a box that is far off?",
    ),
    *several(
        (
            ("one_change", "*`return abs(d).mean()`"),
            ("one_change", "*`return (abs(d) - 0.5).mean()`"),
            ("region", "|d| < 1: there it is the sign of d"),
        ),
        "smooth_l1_loss smooth_l1_loss_backward", "straight_everywhere",
        "Small differences are on a straight line, too; below 1 the loss is half the square.",
        "What is the slope at a difference of 0.5?",
    ),
]  # fmt: skip

LOCALIZER = [
    Wording(
        "factor", "divided by λ", "two_losses_backward", "box_weight_missing",
        "Your {result} {is} the right {one} divided by λ: λ is missing.",
        "The loss is L_class + λ·L_box. What is its derivative in the boxes?",
    ),
    Wording(
        "factor", "times λ", "two_losses_backward", "box_weight_on_both",
        "Your {result} {is} the right {one} times λ: λ multiplies too much, or twice.",
        "The loss is L_class + λ·L_box. Which derivative does λ multiply, and how often?",
    ),
    *(
        Wording(
            "term", f"what the {head} head sends back is missing", "two_heads_backward",
            "one_head_only",
            "Only one of the heads passes its gradient on; the features feed both.",
            "If a feature grows, which outputs of the net change?",
        )
        for head in ("class", "box")
    ),
    Wording(
        "factor", "divided by 2", "two_heads_backward", "heads_averaged",
        "The gradients of the two heads are averaged; where a value goes two ways, they add.",
        "y = a·x + b·x. What is its derivative in x?",
    ),
    *(
        Wording(
            "replaced", key, "two_heads_backward", "one_head_only",
            "Your {result} {is} what {key} would give: one of the heads is left out.",
            "Which of the three results does each head's gradient go into?",
        )
        for key in ("zeros in place of dscores", "zeros in place of dboxes")
    ),
]  # fmt: skip

WORDINGS = [
    *GENERAL, *CONVOLUTIONS, *LINEAR, *POOLING, *BATCH_NORM, *POINTWISE, *OF_LOSSES, *LOCALIZER,
]  # fmt: skip
