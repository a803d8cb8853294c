# %% [markdown]
# # 14 · Real photographs
#
# **The question:** so far all images were scenes made for the purpose. How do you train on
# photographs, and on your own, read what goes wrong, and know what holds the result back?
#
# You need: lessons 08, 10 and 11. About 40 minutes, and a folder of images, if you have one. A
# photograph comes with the library, and a small stand-in for your folder is made here, so that
# everything runs anywhere.
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
from pathlib import Path

import numpy as np
from PIL import Image

try:
    from nn_scratch.data import (
        CoinDetection,
        CoinSegmentation,
        DataError,
        DigitSegmentation,
        Resize,
        open_folder,
    )
    from nn_scratch.data.coins import load_coins
    from nn_scratch.data.sources import LAYOUTS
    from nn_scratch.evaluation import Objects
    from nn_scratch.evaluation.display import display_name
    from nn_scratch.evaluation.segmentation import class_iou, confusion_matrix, mean_iou
    from nn_scratch.graph.receptive_field import receptive_field
    from nn_scratch.nets import pretrained
    from nn_scratch.plotting import (
        plot_arrays,
        plot_images,
        plot_lines,
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
# are for training (random crops, half of them mirrored), the third for choosing, and the lowest is
# looked at once, at the end. (At half its size, where coins are as large as the digits were.)
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

# %% [markdown]
# On the rows it was chosen for it looks fine. Further down the light is another. A grey value means
# nothing alone; its neighbourhood does. Now a net, one that goes down and up again with skips
# (lesson 08), for some seconds:

# %%
coins = segmentation(
    data="coins",
    net="fcn-nearest-skips",
    width=8,
    batch_size=8,
    max_lr=1e-2,
    scenes=80 if FAST else 480,
    epochs=1,
)
coins.run(progress=False)
labelled = coins.net.eval()(lowest[None])[0].argmax(axis=0)
reached = coin_iou(labelled, lowest_labels)
print(f"IoU of coin on the lowest row: {reached:.3f}, after {len(coins.train)} steps")
assert FAST or reached > baseline + 0.1
plot_images(
    {
        "the lowest row": lowest,
        "truth": lowest_labels,
        f"brighter than {threshold:.2f}": brighter["test"].astype(int),
        "the net": labelled,
        "wrong pixels of the net": (labelled != lowest_labels).astype(float),
    },
    columns=1,
    size=0.95,
    class_names=["background", "coin"],
)

# %% [markdown]
# That is a real photograph, segmented. The threshold finds bright places, the net finds coins, dark
# ones and worn ones too: their insides are filled. In the last strip only rims are left, where the
# mask itself is a matter of taste.
#
# ## 3. Each coin by itself
#
# A label map does not say how many coins there are. The detector of lesson 11 does. It is trained
# on the same crops; `legible` keeps the boxes that are likely and no doubles.
#
#     nn-scratch train detection --data coins

# %%
finder = detection(data="coins", scenes=32 if FAST else 200, epochs=1 if FAST else 6)
finder.run(progress=False)
image, *truth = CoinDetection("test").sample(0, 0)
found = legible(detections(finder.net.eval(), image[None])[0])
right, wrong, missed = told_apart(found, Objects(*truth), 1)
print(f"of {len(missed)} coins {len(missed) - missed.sum()} found; {wrong.sum()} boxes are wrong")
assert FAST or right.sum() == 6
plot_found(image, found, ["coin"])

# %% [markdown]
# All six, after some seconds of training on twelve others. The box with the lowest score is worth a
# look. **Predict** what is different about its coin.

# %%
least = int(found.scores.argmin()) if len(found.scores) else 0
centres = truth[1][:, 0] + truth[1][:, 2] / 2
x, _, width, _ = found.boxes[least] if len(found.boxes) else truth[1][0]
coin = int(abs(centres - (x + width / 2)).argmin())
true_width = truth[1][coin, 2]
trained_on = CoinDetection("train").sample(0, 0)[2][:, 2]
print(f"its box is {width:.0f} pixels wide, its coin {true_width:.0f}")
print(f"of the {len(trained_on)} coins to train on, {(trained_on >= true_width).sum()} are as wide")
assert FAST or (width < true_width and (trained_on >= true_width).sum() <= 2)

# %% [markdown]
# It is a large one, and the net has hardly met such; so it is unsure, and its box is too small.
#
# ## 4. A folder
#
# Then larger sets, and your own. If you are online, you get thousands of photographs of cats and
# dogs, with masks:
#
#     nn-scratch fetch pets
#
# The command prints where they are and how to train on them. (0.8 GB; `voc2007` and `penn-fudan`
# are others.) Your own need a folder. The library reads the layouts that well-known data sets come
# in. For label maps:

# %%
print(LAYOUTS["segmentation"])

# %% [markdown]
# A **mask** is an image whose pixel *values* are class numbers: an indexed or grey PNG, which looks
# black, since 0, 1, 2 are all nearly black. A file `classes.txt` names the classes.
#
# Here is the stand-in: colour pictures, with masks of three classes, background, digits with a
# closed loop (0, 6, 8, 9) and digits without. To use your own, set `NN_SCRATCH_DATA` to your
# folder.


# %%
def make_folder(folder, count, digits="train"):
    """Pictures and masks from the digit scenes: coloured ink on coloured ground."""
    scenes = DigitSegmentation(digits, count, seed=7)
    looped = np.isin(np.arange(11) - 1, [0, 6, 8, 9])
    for part in "images", "masks":
        (folder / part).mkdir(parents=True)
    for index in range(count):
        image, labels = scenes.sample(0, index)
        rng = np.random.default_rng(index)
        ground, ink = rng.uniform(0, 0.5, 3), rng.uniform(0.5, 1, 3)
        colours = ground + np.clip(image[0], 0, 1)[..., None] * (ink - ground)
        mask = np.where(labels == 0, 0, np.where(looped[labels], 1, 2))
        Image.fromarray((255 * colours).astype(np.uint8)).save(folder / f"images/{index:04}.png")
        Image.fromarray(mask.astype(np.uint8)).save(folder / f"masks/{index:04}.png")
    (folder / "classes.txt").write_text("background\nwith a loop\nwithout\n")


temporary = tempfile.TemporaryDirectory()
own = os.environ.get("NN_SCRATCH_DATA")
folder = Path(own) if own else Path(temporary.name) / "pictures"
if not own:
    make_folder(folder, 60 if FAST else 900)
source = open_folder("segmentation", folder)
print(len(source.train), "images to train on,", len(source.validation), "held back")
print("classes:", ", ".join(source.class_names))

# %%
size = (96, 128) if own else (40, 40)  # to which all images are brought
samples = [Resize(size)(None, source.train.sample(0, index)) for index in range(4)]
images, masks = (np.stack(part) for part in zip(*samples, strict=True))
plot_segmentation(images, masks, source.class_names)

# %% [markdown]
# Always look at your data first. Wrong masks are the most frequent mistake of all, and no loss will
# tell you.
#
# About one image in five is **held back**: the net never trains on it. What it reaches there is
# what you may hope for on new images *of the same kind*. Photographs that belong together, such as
# frames of one video, must stay on one side (`--group-by` does that), or you test on what you
# trained on. Our stand-in has just this fault, and hides it well: the *scenes* are all different,
# but they are composed of the same 1,437 handwritten digits. Section 6 measures what that is worth.
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
        return str(error).replace(temporary.name, "…")


broken = Path(temporary.name) / "broken"
make_folder(broken, 10)
assert complaint(broken) is None
(broken / "masks" / "0003.png").unlink()
print(complaint(broken))

# %% [markdown]
# A mask that somebody saved as a JPEG. It looks the same, but JPEG changes numbers a little, and a
# 1 that became a 2 is another class:

# %%
mask = np.zeros((40, 40), np.uint8)
mask[8:30, 11:27] = 2
lossy = broken / "masks" / "0003.jpg"
Image.fromarray(mask).save(lossy)
print("stored were", np.unique(mask), "  in the file are", np.unique(Image.open(lossy)))
print(complaint(broken))
lossy.unlink()

# %% [markdown]
# A mask with a value that is no class, here 255, which many data sets use for "nobody knows". The
# message names the cure: such a label is ignored, in the loss and in the metrics.

# %%
mask[0, 5] = 255
Image.fromarray(mask).save(broken / "masks" / "0003.png")
print(complaint(broken))

# %% [markdown]
# ## 6. Train
#
# A **recipe** goes from a few settings to data, net, task and schedule. On the command line it is
#
#     nn-scratch train segmentation --data FOLDER --net fcn-nearest-skips --flip
#
# and here the same in Python. `flip` mirrors half of the training images at random: a mirrored
# street is a street. **Predict:** is that a good idea for our digits with and without a loop? For
# telling a 2 from a 5?

# %%
settings = {
    "net": "fcn-nearest-skips",
    "width": 8,
    "batch_size": 16,
    "max_lr": 2e-2,
    "epochs": 1 if FAST else 10,
}
if own:
    settings["size"] = size
recipe = segmentation(data=folder, flip=True, **settings)
recipe.run(progress=False)
reached = recipe.evaluate()
for name, value in reached.items():
    if isinstance(value, float):
        print(f"{display_name(name):<26}{value:.3f}")

# %% [markdown]
# A loop stays a loop in the mirror, so here flipping is harmless. But a mirrored 2 looks much like
# a 5: where the two are to be told apart, it teaches the wrong thing.
#
# Now the same net on pictures made of digits that are in no training image at all, by other
# writers. **Predict:** the same score, or less?


# %%
def predictions(net, dataset):
    """True and predicted label maps of a data set, and its images."""
    samples = [dataset.sample(0, index) for index in range(len(dataset))]
    images, truths = (np.stack(part) for part in zip(*samples, strict=True))
    return truths, np.concatenate([net(x[None]).argmax(axis=1) for x in images]), images


net = recipe.net.eval()
if not own:
    make_folder(Path(temporary.name) / "unseen", 40 if FAST else 300, digits="test")
    unseen = open_folder("segmentation", Path(temporary.name) / "unseen")
    parts = [predictions(net, part)[:2] for part in (unseen.train, unseen.validation)]
    confusion = sum(confusion_matrix(*part, len(recipe.class_names)) for part in parts)
    print(f"mean IoU, held back       {reached['mean_iou']:.3f}")
    print(f"mean IoU, unseen digits   {mean_iou(confusion):.3f}")

# %% [markdown]
# If the first number were much the better one, that would be a **leak**: the net would have
# recognised digits because it had met those very ones. Here it is not. So few weights, trained so
# shortly, have not learned single digits by heart; a larger net might. The point is that nobody
# could know before measuring. Ask of your own data what plays the part of the digits here: the same
# person, street, camera, day. No split can be better than your answer.
#
# ## 7. Read the failures
#
# One number says how good; it does not say what is wrong. Three questions do.
#
# **Which classes are taken for which?** The **confusion matrix**: a row for the true class, a
# column for the predicted one, in percent of the row.

# %%
pairs = [(truth, net(x).argmax(axis=1), x) for x, truth in recipe.validation.batches()]
truths, found, pictures = (np.concatenate(part) for part in zip(*pairs, strict=True))
confusion = confusion_matrix(truths, found, len(recipe.class_names))
percent = 100 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
plot_arrays({"true class down, predicted across, %": percent.round(0)})

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
    true, said = truths[index], found[index]
    kinds = {
        "missed": (true > 0) & (said == 0),
        "swapped": (true > 0) & (said > 0) & (true != said),
        "invented": (true == 0) & (said > 0),
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

# %% [markdown]
# The first number alone would send you out to sharpen edges. But the second is not much smaller:
# errors lie at edges about as often as digits do. What the last two say is the real trouble: ink is
# found, and then whole strokes are given the other class, just as the four worst images show.
#
# ## 8. What holds it back?
#
# Three suspects, and a measurement for each.
#
# - **Too few images?** Train on a quarter and on half of them. If the curve still rises at its end,
#   more images will help more than anything else.
# - **Too small a net, or too short a training?** Compare with the score on the *training* images.
#   If that is poor as well, the net cannot even learn those.
# - **Cannot see enough?** Compare the receptive field with your objects.

# %%
whole = recipe.train.dataset.dataset
shares, scores = (0.25, 0.5, 1.0), []
for share in shares:
    if share == 1:
        scores.append(reached["mean_iou"])
        continue
    few = segmentation(data=folder, flip=True, **settings)
    part = few.train.dataset.dataset
    part.indices = part.indices[: max(8, int(share * len(whole)))]
    few.run(progress=False)
    scores.append(few.evaluate()["mean_iou"])
for share, score in zip(shares, scores, strict=True):
    print(f"{share:>5.0%} of the images: mIoU {score:.3f}")
plot_lines(
    {"held back": scores},
    [int(s * len(whole)) for s in shares],
    xlabel="images to train on",
    ylabel="mIoU",
)

# %%
on_train = np.zeros_like(confusion)
for images, masks in recipe.train.batches():
    on_train += confusion_matrix(masks, net(images).argmax(axis=1), len(recipe.class_names))
print("IoU of each class on training images", class_iou(on_train).round(2))
print("                 on those held back ", class_iou(confusion).round(2))
print("receptive field", receptive_field(net, images[:1]), "of images of", images.shape[2:])

# %% [markdown]
# Which suspect is it? A curve that still rises says: more images. Scores on the training images
# that are far from 1 say: the net has not even learned those, so train longer or take a wider one.
# Both can be true at once.
#
# (With fewer images an epoch also has fewer steps, so the quarter was trained for less. To separate
# the two, give it four times the epochs: exercise 2.)
#
# ## 9. What would pretraining change?
#
# The nets of the literature are far larger than ours, and nobody trains them from nothing on a few
# thousand photographs. They begin as a net that has learned something else, usually the million
# photographs of ImageNet. The same in small: back to the coins, with a SegNet (lesson 09), and few
# steps. Once its encoder is random, once it is that of `pretrained("digits-segmentation")`, which
# has seen handwriting and never a photograph. **Predict:** can handwriting help with coins?

# %%
digits = pretrained("digits-segmentation").state_dict()
encoder = {name: value for name, value in digits.items() if name.startswith("encoders")}
few = 4 if FAST else 25
print(f"IoU of coin on the lowest row after {few} steps")
print(f"{'':<24}{'seed 0':>8}{'seed 1':>8}{'seed 2':>8}")
means = []
for name, start in {"random": {}, "from digits": encoder}.items():
    ious = []
    for seed in range(3):
        one = segmentation(
            data="coins",
            net="segnet",
            batch_size=8,
            max_lr=1e-2,
            scenes=8 * few,
            epochs=1,
            seed=seed,
        )
        one.net.load_state_dict(one.net.state_dict() | start)
        one.run(progress=False)
        ious.append(coin_iou(one.net.eval()(lowest[None])[0].argmax(axis=0), lowest_labels))
    means.append(np.mean(ious))
    print(f"{'encoder ' + name:<24}" + "".join(f"{iou:>8.3f}" for iou in ious))
assert FAST or means[1] > means[0]
print(f"weights of this net: {sum(value.size for value in one.net.params.values()):,}")

# %% [markdown]
# An edge is an edge, whether of ink or of bronze: the kernels of lesson 16's pictures are of use in
# both. Pretraining does not make a small net large, but it saves images and steps, and results vary
# less from seed to seed. What it cannot give is what a net of this size has no room for: hundreds
# of classes, and things that look different from every side.
#
# ## 10. Boxes
#
# For boxes it is the same, with a table of boxes or XML files:

# %%
print(LAYOUTS["localization"])

# %% [markdown]
# One more warning: if your object always stands in the middle, a constant box is nearly right
# (lesson 10, section 3), and the net learns to say it. `--placement 2` puts every photograph at a
# random place of a larger canvas, in training and in testing. `RESULTS.md` has what a localizer
# reaches on 1,625 photographs of three kinds that way.
#
# ## 11. Exercises
#
# 1. Run this lesson on your own folder: `NN_SCRATCH_DATA=/path/to/folder jupyter lab
#    lessons`.
# 2. Train on a quarter of the images for four times as many epochs. Which of the two suspects was
#    it?
# 3. Train once with `flip=False`. Is the difference larger than the one between two seeds? (Train
#    with two seeds to know.)
#
# ## Remember
#
# - Look at the data before the loss, at the worst images before the mean, and at a threshold before
#   a net.
# - Hold images back, and keep together what belongs together.
# - Three suspects, three measurements: more images, a larger net, a wider view.
#
# ## Read on
#
# - O. M. Parkhi et al., Cats and dogs (CVPR 2012): the Oxford-IIIT Pet set
# - M. Everingham et al., The Pascal visual object classes challenge (IJCV 2010)
# - G. J. Brostow et al., Semantic object classes in video (Pattern Recognition Letters, 2009):
#   CamVid
#
# ← [13 On the GPU](13_on_the_gpu.ipynb)
# · [all lessons](README.md)
# · [15 Make it yours](15_make_it_yours.ipynb) →
