"""A film of learning: the outputs of a net for some images, at several steps of its training."""

from collections.abc import Collection
from typing import Any

from nn_scratch.arguments import an_instance, each, whole
from nn_scratch.backend import Array, to_device, to_host
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.layers.inference import evaluation_mode
from nn_scratch.training.recipes import Recipe
from nn_scratch.training.tasks import Task
from nn_scratch.validate import check_rank, check_values


def film(recipe: Recipe, images: Array, steps: Collection[int]) -> dict[int, Any]:
    """Train as `recipe.run()` does, and record the net's outputs for some images on the way.

    images (N, C, H, W). steps: the net is run on the images before each of these steps, counted
    from 0, and once more at the end. To film another net than the recipe's, assign it to
    `recipe.net` before.

    Returns: a dict from the number of the step to the net's output in evaluation mode, an array in
        the host's memory or a tuple of arrays. The output at the end is stored under the number of
        all steps.
    Raises: TypeError or ValueError if the recipe, images or steps are not what they must be.
    """
    an_instance("recipe", recipe, Recipe)
    check_values(images=images)
    check_rank("images", images, 4)
    steps = each("steps", steps, whole)
    watched: Any = _Watched(recipe.task, images, steps)
    recipe.task = watched
    recipe.run(progress=False)
    watched.record(recipe.net)
    return watched.outputs


class _Watched:
    """A task that records the net's outputs before some of its steps."""

    def __init__(self, task: Task, images: Array, steps: Collection[int]):
        self.task, self.images, self.steps = task, images, steps
        self.count = 0
        self.outputs: dict[int, Any] = {}

    def __getattr__(self, name):
        return getattr(self.task, name)

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """The step of the task, before which the outputs may be recorded."""
        if self.count in self.steps:
            self.record(net)
        self.count += 1
        return self.task.step(net, batch)

    def record(self, net: Layer) -> None:
        """Record the net's output for the images."""
        with evaluation_mode(net), inference_mode(net):
            found = net(to_device(self.images, net.device))
        self.outputs[self.count] = (
            tuple(map(to_host, found)) if isinstance(found, tuple) else to_host(found)
        )
