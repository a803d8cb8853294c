# %% [markdown]
# # 14 · Real photographs
#
# **The question:** so far all images were scenes made for the purpose. How do you train on
# photographs, and on your own, read what goes wrong, and know what holds the result back?
#
# You need: lessons 08, 10 and 11. About 40 minutes, and a folder of images, if you have one. A
# photograph comes with the library, and a folder is made of it, so that everything runs anywhere.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster [12](12_from_loops_to_speed.ipynb)
# [13](13_on_the_gpu.ipynb) · your own **14** [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import os
import tempfile
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image

try:
    from nn_scratch.data import (
        CoinDetection,
        CoinSegmentation,
        DataError,
        HorizontalFlip,
        RandomCrop,
        Resize,
        open_folder,
    )
    from nn_scratch.data.coins import load_coins
    from nn_scratch.data.coins.photograph import ROWS
    from nn_scratch.data.samples import tight_box
    from nn_scratch.data.sources import LAYOUTS
    from nn_scratch.evaluation import Objects
    from nn_scratch.evaluation.boxes import iou_matrix
    from nn_scratch.evaluation.display import display_name
    from nn_scratch.evaluation.segmentation import class_iou, confusion_matrix, mean_iou
    from nn_scratch.graph.receptive_field import receptive_field
    from nn_scratch.nets import pretrained
    from nn_scratch.plotting import (
        plot_bars,
        plot_confusion,
        plot_dots,
        plot_images,
        plot_segmentation,
    )
    from nn_scratch.plotting.detection import plot_found, told_apart
    from nn_scratch.training.recipes import detection, segmentation
    from nn_scratch.training.tasks.detection import detections, legible
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# ## 1. Twenty-four coins
#
# Greek coins from Pompeii, worn, of many sizes, lit from one side. For each pixel a mask says
# whether it belongs to a coin.

# %%
photograph, numbers = load_coins()
plot_images(
    {"photograph": photograph[None], "mask": (numbers > 0).astype(int)},
    size=3,
    class_names=["background", "coin"],
)

# %% [markdown]
# One photograph, and a net must be tested on what it has not seen. So it is cut: the upper two rows
# are for training (random crops, half of them mirrored), the third for choosing, and the lowest
# only for testing: nothing is ever chosen by it. (At half its size, where coins are a little
# larger than the digits were.)
#
# ## 2. The number to beat
#
# Coins are light and the ground is dark. So do we need a net? Everything brighter than some
# threshold is coin; take the threshold that is best on the upper rows. **Predict:** is it any good
# on the lowest?


# %%
def coin_iou(found, labels):
    """Intersection over union of the pixels called coin and those that are."""
    return ((found == 1) & (labels == 1)).sum() / ((found == 1) | (labels == 1)).sum()


def row(split):
    return CoinSegmentation(split).sample(0, 0)


upper, upper_labels = row("train")
lowest, lowest_labels = row("test")
thresholds = np.linspace(0, 1, 101)
threshold = max(thresholds, key=lambda t: coin_iou(upper[0] > t, upper_labels))
brighter = {name: row(name)[0][0] > threshold for name in ("train", "test")}
baseline = coin_iou(brighter["test"], lowest_labels)
print(f"IoU of coin with the threshold {threshold:.2f}:")
print(f"  upper rows {coin_iou(brighter['train'], upper_labels):.3f}, lowest row {baseline:.3f}")
for name, (image, labels) in {"upper rows": row("train"), "lowest row": row("test")}.items():
    ground, coin = (image[0][labels == kind].mean() for kind in (0, 1))
    print(f"  {name}: the ground is {ground:.2f} bright, the coins {coin:.2f}")

# %% [markdown]
# On the rows it was chosen for it looks fine. Further down there is less light: a grey value means
# nothing alone. So let the picture choose. Otsu's threshold needs no labels: it cuts the pixels
# into a dark and a light part, so that the means of the two lie far apart and neither part is
# small. **Predict:** how much does that help?


# %%
def otsu(image):
    """The threshold t for which (how many lie above) · (how many below) · (means' distance)² is
    largest."""

    def apart(t):
        above, below = image[image > t], image[image <= t]
        return len(above) * len(below) * (above.mean() - below.mean()) ** 2

    inner = [t for t in thresholds if image.min() <= t < image.max()]
    return max(inner, key=apart)


its_own = otsu(lowest[0])
by_itself = lowest[0] > its_own
to_beat = coin_iou(by_itself, lowest_labels)
print(f"IoU of coin on the lowest row, brighter than {its_own:.2f}: {to_beat:.3f}")
assert to_beat > baseline + 0.2

# %% [markdown]
# That is the number to beat, of a few lines from the year 1979 which learn nothing. Now a net, one
# that goes down and up again with skips (lesson 08), for some seconds. (How many was chosen by the
# third row, which gains from one epoch to three.)

# %%
coins = segmentation(
    data="coins",
    net="fcn-nearest-skips",
    width=8,
    batch_size=8,
    max_lr=1e-2,
    scenes=80 if FAST else 480,
    epochs=1 if FAST else 3,
)
coins.run(progress=False)
third, third_labels = row("validation")
chosen = coin_iou(coins.net.eval()(third[None])[0].argmax(axis=0), third_labels)
labelled = coins.net(lowest[None])[0].argmax(axis=0)
reached = coin_iou(labelled, lowest_labels)
steps = len(coins.train) * (1 if FAST else 3)
print(f"IoU of coin after {steps} steps: third row {chosen:.3f}, lowest row {reached:.3f}")
assert FAST or 0.005 < reached - to_beat < 0.015
plot_images(
    {
        "the lowest row": lowest,
        "truth": lowest_labels,
        f"brighter than {threshold:.2f}, best on the upper rows": brighter["test"].astype(int),
        f"brighter than {its_own:.2f}, its own threshold": by_itself.astype(int),
        "the net": labelled,
        "wrong pixels of the net, white": (labelled != lowest_labels).astype(float),
    },
    columns=1,
    size=0.95,
    class_names=["background", "coin"],
)

# %% [markdown]
# That is a real photograph, segmented. The fixed threshold finds bright places; the other two find
# coins, and the net is wrong along rims only. But it is only a hundredth ahead of Otsu (with the
# seeds 1 and 2 two to three). Light coins on dark ground need no net, and if you had compared
# with the first threshold only, you would have believed that they do. A weak number to beat makes
# every net look good.
#
# ## 3. Each coin by itself
#
# A label map does not say how many coins there are. But first a number to beat: let light pixels
# that touch be one piece, and each piece of 40 pixels or more a coin. **Predict:** how many of the
# six does that find?


# %%
def pieces(light):
    """One number for all light pixels that are connected; 0 elsewhere."""
    piece = np.arange(1, light.size + 1).reshape(light.shape) * light
    while True:
        around = np.pad(piece, 1)
        near = around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]
        spread = np.max([piece, *near], axis=0) * light  # of two that touch, the larger number
        if np.array_equal(spread, piece):
            return piece
        piece = spread


image, *truth = CoinDetection("test").sample(0, 0)
piece = pieces(by_itself)
masks = [piece == number for number in np.unique(piece[piece > 0])]
boxes = np.array([tight_box(mask) for mask in masks if mask.sum() >= 40])
fit = iou_matrix(truth[1], boxes).max(axis=1)
print(len(boxes), "pieces; IoU of each coin's box with the best:", fit.round(2))
assert len(boxes) == 6 and fit.min() > 0.85

# %% [markdown]
# All six, and nothing was learned. Now the detector of lesson 11, trained on the same crops as the
# net; `legible` keeps the boxes that are likely and no doubles. **Predict:** will it be better?
#
#     nn-scratch train detection --data coins

# %%
finder = detection(data="coins", scenes=32 if FAST else 200, epochs=1 if FAST else 6)
finder.run(progress=False)
found = legible(detections(finder.net.eval(), image[None])[0])
right, wrong, missed = told_apart(found, Objects(*truth), 1)
print(f"of {len(missed)} coins {len(missed) - missed.sum()} found; {wrong.sum()} boxes are wrong")
if len(found.boxes):
    print("IoU with the best:", iou_matrix(truth[1], found.boxes).max(axis=1).round(2))
assert FAST or (
    right.sum() == 6 and iou_matrix(truth[1], found.boxes).max(axis=1).mean() < fit.mean()
)
plot_found(image, found, ["coin"])

# %% [markdown]
# All six, after some seconds of training on twelve others, but with looser boxes than the pieces
# have. Coins that lie apart need no detector either. It would begin to pay where they touch, or lie
# on a ground as light as they. The box with the lowest score is worth a look. **Predict** what is
# different about its coin.

# %%
least = int(found.scores.argmin()) if len(found.scores) else 0
centres = truth[1][:, 0] + truth[1][:, 2] / 2
x, _, width, _ = found.boxes[least] if len(found.boxes) else truth[1][0]
coin = int(abs(centres - (x + width / 2)).argmin())
true_width = truth[1][coin, 2]
trained_on = CoinDetection("train").sample(0, 0)[2][:, 2]
print(f"its box is {width:.0f} pixels wide, its coin {true_width:.0f}")
as_wide = (trained_on >= true_width).sum()
print(f"coins to train on: {len(trained_on)}, of which as wide as this one: {as_wide}")
assert FAST or (width < true_width and as_wide <= 2)

# %% [markdown]
# It is a large one, of which the net has hardly met any: likely that is why it is unsure, and why
# its box is too small.
#
# ## 4. A folder
#
# Now for larger sets, and for your own images. If you are online, you get thousands of photographs
# of cats and dogs, with masks:
#
#     nn-scratch fetch pets
#
# The command prints where they are and how to train on them. (0.8 GB; `voc2007` and `penn-fudan`
# are others.) Your own need a folder. The library reads the layouts that well-known data sets come
# in. For label maps:

# %%
print(LAYOUTS["segmentation"])

# %% [markdown]
# A **mask** is an image whose pixel *values* are class numbers: an indexed PNG, or a grey one,
# which looks black, since 0, 1, 2 are all nearly black. A file `classes.txt` names the classes.
#
# Here is a folder to begin with: small pictures, cut out of the upper three rows of the photograph
# at random places, some brighter, some darker; and masks of three classes, background, small coins
# and large ones. To use your own, set `NN_SCRATCH_DATA` to your folder.


# %%
LARGE = 1700  # pixels of a coin, from which it is called a large one


def places(row, count):
    """Where in a row of coins `count` pieces of 64×64 begin, and how bright each is made."""
    rng = np.random.default_rng(row)
    top, bottom = ROWS[row]
    for _ in range(count):
        yield rng.integers(top, bottom - 63), rng.integers(384 - 63), rng.uniform(0.7, 1.3)


def half_size(part):
    """A part of the photograph and its mask of three classes, at half the size."""
    kinds = np.where(np.bincount(numbers.ravel()) < LARGE, 1, 2)
    kinds[0] = 0  # number 0 is no coin
    height, width = (side // 2 for side in photograph[part].shape)
    image = photograph[part].reshape(height, 2, width, 2).mean(axis=(1, 3))
    return image, kinds[numbers[part]][::2, ::2]


def make_folder(folder, rows, count):
    """`count` pictures of 32×32 and their masks from each of some rows, at half the size."""
    for part in "images", "masks":
        (folder / part).mkdir(parents=True)
    for row in rows:
        for index, (y, x, light) in enumerate(places(row, count)):
            image, mask = half_size((slice(y, y + 64), slice(x, x + 64)))
            image = np.clip(image * light, 0, 1)
            for what, pixels in {"images": 255 * image, "masks": mask}.items():
                name = f"{what}/row{row + 1}_{index:03}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    (folder / "classes.txt").write_text("background\nsmall coin\nlarge coin\n")


temporary = tempfile.TemporaryDirectory()
scratch = Path(temporary.name)
own = os.environ.get("NN_SCRATCH_DATA")
folder = Path(own) if own else scratch / "pictures"
COUNT = 16 if FAST else 120  # from each row
if not own:
    make_folder(folder, (0, 1, 2), COUNT)
source = open_folder("segmentation", folder)
print(len(source.train), "images to train on,", len(source.validation), "held back")
print("classes:", ", ".join(source.class_names))

# %%
size = (96, 128) if own else (32, 32)  # to which all images are brought
samples = [Resize(size)(None, source.train.sample(0, index)) for index in range(4)]
images, masks = (np.stack(part) for part in zip(*samples, strict=True))
plot_segmentation(images, masks, source.class_names)

# %% [markdown]
# Always look at your data first. Wrong masks are the most frequent mistake of all, and no loss will
# tell you.
#
# About one image in five is **held back**: the net never trains on it. What it reaches there is
# what you may hope for on new images *of the same kind*. Photographs that belong together, such as
# frames of one video, must stay on one side, or you test on what you trained on. Ours have just
# this fault: no two pictures are the same, but they show the same eighteen coins over and over.
# Section 6 measures what that is worth.
#
# ## 5. Break it on purpose: when a file is wrong
#
# Folders of images have gaps and surprises. Nothing is skipped in silence. A mask that is missing:


# %%
def complaint(folder):
    """What the library says when it reads all of a folder; None if nothing is wrong."""
    try:
        found = open_folder("segmentation", folder)
        for part in found.train, found.validation:
            for index in range(len(part)):
                part.sample(0, index)
    except DataError as error:
        return textwrap.fill(str(error).replace(temporary.name, "…"), 96)


broken = scratch / "broken"
make_folder(broken, [0], 10)
assert complaint(broken) is None
(broken / "masks" / "row1_003.png").unlink()
print(complaint(broken))

# %% [markdown]
# A mask that somebody saved as a JPEG. It looks the same, but JPEG changes numbers a little, and a
# 1 that became a 2 is another class:

# %%
mask = np.zeros((32, 32), np.uint8)
mask[5:27, 9:25] = 2
lossy = broken / "masks" / "row1_003.jpg"
Image.fromarray(mask).save(lossy)
print("stored were", np.unique(mask), "  in the file are", np.unique(Image.open(lossy)))
print(complaint(broken))
lossy.unlink()

# %% [markdown]
# A mask with a value that is no class, here 255, which many data sets use for "nobody knows". The
# message names the cure: such a label is ignored, in the loss and in the metrics.

# %%
mask[0, 5] = 255
Image.fromarray(mask).save(broken / "masks" / "row1_003.png")
print(complaint(broken))

# %% [markdown]
# ## 6. Train
#
# A **recipe** goes from a few settings to data, net, task and schedule. On the command line it is
#
#     nn-scratch train segmentation --data FOLDER --net fcn-nearest-skips --flip
#
# and here the same in Python. `flip` mirrors half of the training images at random, and that is the
# simplest **augmentation**: to make of one picture others that could as well have been taken. What
# moves pixels must move the mask with them; what changes the light must leave it alone. Here are
# five pictures made of one.
#
# **Predict:** one of the five would teach our net something wrong. Which? And which would be wrong
# for a street, or for house numbers?

# %%
rng = np.random.default_rng(0)
picture, mask = samples[1]
part = tuple(5 * side // 8 for side in size)
made = {
    "as it is": (picture, mask),
    "mirrored": HorizontalFlip(1.0)(rng, (picture, mask)),
    "turned": (np.rot90(picture, axes=(1, 2)), np.rot90(mask)),
    "other light": (np.clip(0.5 * picture + 0.4, 0, 1), mask),
    "noise": (np.clip(picture + rng.normal(0, 0.08, size), 0, 1), mask),
    "enlarged": Resize(size)(rng, RandomCrop(part)(rng, (picture, mask))),
}
plot_images(
    {what: image for what, (image, _) in made.items()}
    | {f"mask: {what}": labels for what, (_, labels) in made.items()},
    columns=6,
    size=1.3,
    class_names=source.class_names,
)

# %% [markdown]
# It is the enlarged piece: size is all that tells a large coin from a small one, and the mask still
# says *small*. For a street it would be the turned one: no camera hangs sideways. And of house
# numbers none may be mirrored or turned: a 2 becomes nearly a 5, and a 6, turned twice, a 9. What
# an augmentation may change is what the answer does not depend on, and what that is only you know.

# %%
settings = {
    "net": "fcn-nearest-skips",
    "width": 8,
    "batch_size": 16,
    "max_lr": 2e-2,
    "epochs": 1 if FAST else 8,
    "flip": True,
}
if own:
    settings["size"] = size
leaky = segmentation(data=folder, **settings)
leaky.run(progress=False)
for name, value in leaky.evaluate().items():
    if isinstance(value, float):
        print(f"{display_name(name):<26}{value:.3f}")

# %% [markdown]
# Splendid. Shall we print it? First the test that counts: pictures of the lowest row, of six coins
# that are in none of the images. And beside it the same once more, but with whole rows kept
# together. What belongs together is told by a part of the file's name, here `row1`, `row2` and so
# on; so one row of the three is held back as a whole:
#
#     nn-scratch train segmentation --data FOLDER --net fcn-nearest-skips --flip --group-by row.
#
# **Predict:** which of the two numbers on held-back pictures tells what happens on new coins?


# %%
def predictions(net, dataset):
    """True and predicted label maps of a data set, and its images."""
    samples = [dataset.sample(0, index) for index in range(len(dataset))]
    images, truths = (np.stack(part) for part in zip(*samples, strict=True))
    return truths, net(images).argmax(axis=1), images


def confusion_on(recipe, *datasets):
    """The confusion matrix of a recipe's net on data sets."""
    net, count = recipe.net.eval(), len(recipe.class_names)
    return sum(confusion_matrix(*predictions(net, each)[:2], count) for each in datasets)


recipe = leaky
if not own:
    recipe = segmentation(data=folder, group_by="row.", **settings)
    recipe.run(progress=False)
    make_folder(scratch / "lowest", [3], COUNT // 2)
    lowest_row = open_folder("segmentation", scratch / "lowest")
    unseen = lowest_row.train, lowest_row.validation
    claimed, true = {}, {}
    print(f"{'held back':<20}{'mIoU there':>12}{'mIoU on new coins':>20}")
    for what, one in {"single pictures": leaky, "a whole row": recipe}.items():
        claimed[what] = one.evaluate()["mean_iou"]
        true[what] = mean_iou(confusion_on(one, *unseen))
        print(f"{what:<20}{claimed[what]:>12.3f}{true[what]:>20.3f}")
    gaps = [claimed[what] - true[what] for what in claimed]
    assert FAST or (gaps[0] > 0.2 and gaps[0] > 1.3 * gaps[1])

# %% [markdown]
# That is a **leak**. The first number is a fine one and says nothing: those held-back pictures show
# coins that the net has met, worn noses and all. The second is poorer and nearer to the truth, but
# its net, with a row less to learn from, falls short of it, too. Ask of your own data what plays
# the part of the rows here: the same person, street, camera, day. No split can be better than your
# answer.
#
# But a row is six coins, and chance plays along. So hold back each row in turn; this is called
# **cross-validation**. The mark is what the net that learned all three reaches on the fourth.
# **Predict:** how far apart will the three be?


# %%
def hold_back(row):
    """mIoU on one of the three rows, after training on the other two."""
    one = segmentation(data=folder, **settings)
    part = one.train.dataset.dataset
    part.indices = [index for index in range(3 * COUNT) if index // COUNT != row]
    one.run(progress=False)
    part.indices = [index for index in range(3 * COUNT) if index // COUNT == row]
    return mean_iou(confusion_on(one, part))


areas = np.bincount(numbers.ravel())[1:]  # pixels of each coin; six coins are a row

# %% tags=["hide-input"]
if not own:
    large = (areas.reshape(4, 6) >= LARGE).sum(axis=1)
    assert large.tolist() == [1, 1, 2, 4]
    scores = hold_back(0), hold_back(1), claimed["a whole row"]
    folds = {f"row {row + 1}, large coins: {large[row]}": one for row, one in enumerate(scores)}
    print(f"mean of the three {np.mean(scores):.3f}, on new coins {true['single pictures']:.3f}")
    print(f"single pictures held back had promised {claimed['single pictures']:.3f}")
    assert FAST or scores[1] > max(scores[0] + 0.3, claimed["single pictures"] - 0.1)
shown = folds if not own else {"held back": recipe.evaluate()["mean_iou"]}
plot_bars(
    shown,
    xlabel="mIoU on what was held back",
    least=dict.fromkeys(shown, 0.0 if own else true["single pictures"]),
    mark="on the fourth row",
)

# %% [markdown]
# An honest fold can look as splendid as the leak: row 2 does. And row 1 is less than half as good.
# Where a row has one large coin or two, a third of the mIoU hangs on one coin or two: no wonder
# that the folds lie far apart. Their mean comes close to the fourth row, which has four large ones;
# with numbers so far apart, that is luck. What three folds of six coins tell you is a range, and
# that it is wide.
#
# From here on the third row is held back, the one in the middle. There is something to learn from
# its failures.
#
# ## 7. Read the failures
#
# One number says how good; it does not say what is wrong. Three questions do.
#
# **Which classes are taken for which?** The **confusion matrix**: a row for the true class, a
# column for the predicted one, in percent of the row.

# %%
net = recipe.net.eval()
pairs = [(truth, net(x).argmax(axis=1), x) for x, truth in recipe.validation.batches()]
truths, found, pictures = (np.concatenate(part) for part in zip(*pairs, strict=True))
confusion = confusion_matrix(truths, found, len(recipe.class_names))
plot_confusion(confusion, recipe.class_names)

# %% [markdown]
# **Which images are worst?** Sort by mIoU and look at the end of the list. Ask of each: would I
# have known? Is the mask right? What do they have in common?


# %%
def image_miou(truth, prediction):
    return mean_iou(confusion_matrix(truth, prediction, len(recipe.class_names)))


each = np.array([image_miou(*pair) for pair in zip(truths, found, strict=True)])
worst = np.argsort(each)[:4]
print("the four worst:", each[worst].round(2), "  the median image:", np.median(each).round(2))
plot_segmentation(pictures[worst], truths[worst], recipe.class_names, found[worst])

# %% [markdown]
# Read them one by one, and give each a name: *missed* is a thing taken for background, *swapped* a
# thing given another class, *invented* background taken for a thing.

# %%
for number, index in enumerate(worst, 1):
    true_labels, said = truths[index], found[index]
    kinds = {
        "missed": (true_labels > 0) & (said == 0),
        "swapped": (true_labels > 0) & (said > 0) & (true_labels != said),
        "invented": (true_labels == 0) & (said > 0),
    }
    pixels = {kind: int(where.sum()) for kind, where in kinds.items()}
    print(f"{number}: {pixels}, mostly {max(pixels, key=pixels.get)}")

# %% [markdown]
# **Where in the image?** Inside or at the edges? Pixels whose neighbours are of another class often
# get much of the blame. Before you believe that, ask for the **base rate**: how many of the pixels
# that *could* be wrong lie at an edge?

# %%
edge = np.zeros(truths.shape, bool)
edge[:, 1:] |= truths[:, 1:] != truths[:, :-1]
edge[:, :-1] |= truths[:, 1:] != truths[:, :-1]
edge[:, :, 1:] |= truths[:, :, 1:] != truths[:, :, :-1]
edge[:, :, :-1] |= truths[:, :, 1:] != truths[:, :, :-1]
wrong, thing = truths != found, truths > 0
print(f"{edge[wrong].mean():>5.0%} of the wrong pixels lie at an edge, and so do")
print(f"{edge[thing].mean():>5.0%} of all pixels that are not background.")
print(f"{thing[wrong].mean():>5.0%} of the wrong pixels are not background, and of those")
print(f"{(found > 0)[wrong & thing].mean():>5.0%} were given the other class, not the background.")
assert own or FAST or (found > 0)[wrong & thing].mean() > 0.6

# %% [markdown]
# Edges have more than their share of the errors, and the first number alone might send you out to
# sharpen them. The last two say where the trouble is: the coins are found, outlines and all, and
# then called by the wrong size. And the four worst? Look again: they are one and the same coin.

# %%
if not own:
    print(f"the largest coin of row 3 has {areas[12:18].max():,} pixels")
    print(f"the largest of the twelve that were learned {areas[:12].max():,}")
    assert areas[:12].max() < 0.9 * areas[12:18].max()

# %% [markdown]
# It is by far the largest of the photograph, and the net has never met one like it. Most of its
# face is called small; only here and there, at the rim, does the net begin to wonder.
#
# ## 8. What holds it back?
#
# Three suspects, and a measurement for each.
#
# - **Too small a net, or too short a training?** Look at the score on the *training* images. If
#   that is poor, the net cannot even learn those.
# - **Too little to learn from?** Look at the gap between the training images and those held back:
#   what was learned by heart, and does not carry over.
# - **Cannot see enough?** Compare the receptive field with your objects, and ask how much of an
#   object a picture shows at all.
#
# **Predict:** which of the three is it here? It may be more than one.

# %%
on_train = confusion_on(recipe, recipe.train.dataset)  # some of them mirrored
print("IoU of each class on training images", class_iou(on_train).round(2))
print("                 on those held back ", class_iou(confusion).round(2))
print("receptive field", receptive_field(net, pictures[:1]), "of images of", pictures.shape[2:])
assert own or FAST or class_iou(on_train).min() > class_iou(confusion)[1:].max() + 0.2

# %% tags=["hide-input"]
if not own:
    is_large = areas >= LARGE
    print(f"\nof the {len(areas[:12])} coins that were learned {is_large[:12].sum()} are large")
    parts = [numbers[y : y + 64, x : x + 64] for row in range(3) for y, x, _ in places(row, COUNT)]
    seen = [(n - 1, (part == n).sum()) for part in parts for n in np.unique(part) if n > 0]
    for kind, large in {"small": False, "large": True}.items():
        cut = [pixels < areas[coin] for coin, pixels in seen if is_large[coin] == large]
        print(f"{kind} coins are seen {len(cut)} times, and {sum(cut)} times cut by the frame")
    assert FAST or (is_large[:12].sum() == 2 and np.mean(cut) > 0.9)
    upper = areas[:18]  # the coins of the three rows
    nearest = upper[upper < LARGE].max(), upper[upper >= LARGE].min()
    for kind, pixels in zip(("largest small", "smallest large"), nearest, strict=True):
        coin = numbers == 1 + list(areas).index(pixels)
        high, wide = (np.ptp(axis) + 1 for axis in np.nonzero(coin))
        print(f"the {kind} coin has {pixels:,} pixels and a box of {high}×{wide}")
    assert nearest == (1659, 1798)

# %% [markdown]
# Nearly everything is right where it has trained, so the net is not too small. The second suspect
# is guilty: two large coins are too few to tell what *large* means on the next. (1,659 pixels are
# small and 1,798 are large: our line is a fine one.) And the third? A pixel in the middle sees the
# whole picture, one in a corner most of it, but the picture hardly ever shows the whole coin: of
# the large ones more than nine in ten are cut by the frame. Is their size still to be seen? Two
# ways that learn nothing measure each piece of section 3 and call it large from 425 pixels on (a
# quarter of 1,700, at half the size): one counts its pixels, the other fits a circle to what is
# left of its rim. **Predict:** does one of them beat the net on cut pictures?


# %%
def by_counting(coin):
    """The pixels of a piece."""
    return coin.sum()


def by_circle(coin):
    """The area of the circle that fits the rim of a piece best; the frame is no rim, nor are holes:
    least squares for x² + y² = 2ax + 2by + c."""
    ground = pieces(~coin)
    frame = np.concatenate([*ground[[0, -1]], *ground[:, [0, -1]].T])
    full = ~np.isin(ground, frame[frame > 0])
    around = np.pad(full, 1, mode="edge")
    inner = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    y, x = np.nonzero(full & ~inner)
    terms = np.stack([2 * x, 2 * y, np.ones(len(x))], axis=1)
    a, b, c = np.linalg.lstsq(terms, x**2 + y**2, rcond=None)[0]
    return np.pi * (np.sqrt(c + a**2 + b**2) + 0.5) ** 2  # centres lie half a pixel inside the rim


def named(image, size):
    """A label map by Otsu's threshold and the size of each piece. Nothing is learned."""
    piece, labels = pieces(image > otsu(image)), np.zeros(image.shape, int)
    for coin in (piece == number for number in np.unique(piece[piece > 0])):
        if coin.sum() >= 40:
            labels[coin] = 1 + (size(coin) >= LARGE / 4)
    return labels


if not own:
    cut = [part.sample(0, index) for part in unseen for index in range(len(part))]
    top, bottom = ROWS[3]
    whole = [half_size(slice(top, bottom - 1))]
    ways = {
        "counting, whole row": (by_counting, whole),
        "counting, cut pictures": (by_counting, cut),
        "circles, cut pictures": (by_circle, cut),
    }
    miou = {"the net, cut pictures": true["single pictures"]}
    for what, (size_of, pairs) in ways.items():
        grey = [(mask, image.reshape(-1, *mask.shape)[0]) for image, mask in pairs]
        maps = [(mask, named(image, size_of)) for mask, image in grey]
        miou[what] = mean_iou(sum(confusion_matrix(*pair, 3) for pair in maps))
    print("mIoU on row 4:", *(f"{what:<23}{value:.3f}" for what, value in miou.items()), sep="\n")
    by_net, whole_row, counted, circled = miou.values()
    assert FAST or counted < by_net < circled - 0.1 < whole_row - 0.1

# %% [markdown]
# Counting needs whole coins, and on cut pictures the net is ahead of it. But the circle beats both
# by far: the bend of a rim tells how large the whole coin is. The pictures show enough, so the
# third suspect goes free; from so few large coins the net did not find out where to look. (On the
# training images it need not: it knows those coins by heart.) The remedy is not a wider net, nor
# more pictures of the same coins. It is more coins.
#
# ## 9. What would pretraining change?
#
# The nets of the literature are far larger than ours, and are seldom trained from nothing on a few
# thousand photographs. They begin as a net that has learned something else, usually the million
# photographs of ImageNet. The same in small: back to the coins, with a SegNet (lesson 09), and few
# steps. Once its encoder is random, once it is that of `pretrained("digits-segmentation")`, which
# has seen handwriting and never a photograph; and once the same encoder with the weights of each
# layer **shuffled**. **Predict:** can handwriting help with coins? And shuffled handwriting?

# %%
digits = pretrained("digits-segmentation").state_dict()
encoder = {name: value for name, value in digits.items() if name.startswith("encoders")}
rng = np.random.default_rng(0)
shuffled = {
    name: rng.permuted(value) if value.ndim == 4 else value for name, value in encoder.items()
}
few = 4 if FAST else 25
print(f"IoU of coin on the lowest row after {few} steps")
print(f"{'':<24}{'seed 0':>8}{'seed 1':>8}{'seed 2':>8}")
after = {}
for name, start in {"random": {}, "shuffled": shuffled, "from digits": encoder}.items():
    ious = after[f"encoder {name}"] = []
    for seed in range(3):
        one = segmentation(
            data="coins",
            net="segnet",
            batch_size=4,
            max_lr=1e-2,
            scenes=4 * few,
            epochs=1,
            seed=seed,
        )
        one.net.load_state_dict(one.net.state_dict() | start)
        one.run(progress=False)
        ious.append(coin_iou(one.net.eval()(lowest[None])[0].argmax(axis=0), lowest_labels))
    print(f"{'encoder ' + name:<24}" + "".join(f"{iou:>8.3f}" for iou in ious))
print(f"weights of this net: {sum(value.size for value in one.net.params.values()):,}")
none, mixed, whole = (np.array(ious) for ious in after.values())
assert FAST or (min(whole) > max(none) and ((mixed - none) > 0.01).sum() == 2)
assert FAST or max(whole) < to_beat
plot_dots(
    list(after),
    {"IoU of coin; line: Otsu": list(after.values())},
    marks={"IoU of coin; line: Otsu": to_beat},
)

# %% [markdown]
# All three seeds gain. Is it because an edge is an edge, whether of ink or of bronze? Perhaps not
# only: shuffled, no kernel looks for an edge any more, and still two seeds of the three gain
# something, though nothing is left but the sizes of weights and the batch norms. (Three seeds are
# few: lesson 15. The kernels themselves: lesson 16.) And Otsu stays ahead of all: so few steps do
# not beat him. Pretraining does not make a small net large, but here it saves images and steps. To
# train a pretrained net for a new task is called **fine-tuning**. Often its new layers then learn
# ten times as fast as the old ones, or the old ones are held still at first. What pretraining
# cannot give is what a net of this size has no room for: hundreds of classes, and things that look
# different from every side.
#
# ## 10. Boxes
#
# For boxes it is the same, with a table of boxes or XML files:

# %%
print(LAYOUTS["localization"])

# %% [markdown]
# One more warning: if your object always stands in the middle, a constant box comes close
# (lesson 10, section 3), and the net learns to say it. `--placement 2` puts every photograph at a
# random place of a larger canvas, in training and in testing. `RESULTS.md` has what a localizer
# reaches on 1,625 photographs of three kinds that way.
#
# ## 11. Exercises
#
# 1. Run this lesson on your own folder: `NN_SCRATCH_DATA=/path/to/folder jupyter lab
#    lessons`.
# 2. A coin is large from 1,700 pixels on, we said. Draw the line elsewhere. (Assertions about the
#    numbers of this run may then fail, and can go.) Does the mIoU rise? If so, has the net become
#    better, or the question easier?
# 3. Train with `flip=True` and with `flip=False`, each with the seeds 0, 1 and 2. In how many of
#    the three is the same one ahead? How large is the difference beside that between two rows held
#    back?
#
# ## Remember
#
# - Look at the data before the loss, at the worst images before the mean, and at a threshold before
#   a net: the best you can think of, not the first.
# - Hold images back, and keep together what belongs together; then believe the smaller number. Do
#   it more than once: an honest part of a few objects can flatter, too.
# - Three suspects, three measurements: a net too small, data too few, a view too narrow.
#
# ## Read on
#
# - O. M. Parkhi et al., [Cats and dogs](https://doi.org/10.1109/CVPR.2012.6248092): the Oxford-IIIT
#   Pet set
# - N. Otsu, [A threshold selection method from gray-level
#   histograms](https://doi.org/10.1109/TSMC.1979.4310076)
# - M. Everingham et al., [The Pascal visual object classes
#   challenge](https://doi.org/10.1007/s11263-009-0275-4)
# - G. J. Brostow et al., [Semantic object classes in
#   video](https://doi.org/10.1016/j.patrec.2008.04.005): CamVid
# - J. Yosinski et al., [How transferable are features in deep neural
#   networks?](https://arxiv.org/abs/1411.1792): what an encoder keeps of its first task
# - K. He et al., [Rethinking ImageNet pre-training](https://arxiv.org/abs/1811.08883): it saves
#   time, and where images are many it saves nothing else
#
# ← [13 On the GPU](13_on_the_gpu.ipynb)
# · [all lessons](README.md)
# · [15 Make it yours](15_make_it_yours.ipynb) →
