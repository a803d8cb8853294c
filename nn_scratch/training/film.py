"""The film of learning: what a net says of some images while it is trained."""

from collections.abc import Collection
from typing import Any

from nn_scratch.arguments import an_instance, each, whole
from nn_scratch.backend import Array, to_device, to_host
from nn_scratch.geometry import flag
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.training.recipes import Recipe
from nn_scratch.training.tasks import Task
from nn_scratch.validate import check_rank, check_values


def film(
    one: Recipe, images: Array, steps: Collection[int], *, progress: bool = False
) -> dict[int, Any]:
    """Train as `one.run()` does, and look at the net before each of these steps, counted
    from 0, and at the end.

    images (N, C, H, W). To film a net of your own, a wrong one perhaps, make it `one.net` before.

    Returns: what the net said of the images, in evaluation mode, by step: arrays on the host, or
    tuples of them; the last one under the number of steps.
    Raises: TypeError or ValueError for a recipe, images or steps that are none.
    """
    an_instance("one", one, Recipe)
    check_values(images=images)
    check_rank("images", images, 4)
    steps = each("steps", steps, whole)
    flag("progress", progress)
    watched: Any = _Watched(one.task, images, steps)
    one.task = watched
    one.run(progress=progress)
    watched.look(one.net)
    return watched.seen


class _Watched:
    """A task that looks at the net before some of its steps."""

    def __init__(self, task: Task, images: Array, steps: Collection[int]):
        self.task, self.images, self.steps = task, images, steps
        self.count = 0
        self.seen: dict[int, Any] = {}

    def __getattr__(self, name):
        return getattr(self.task, name)

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """The task's step, after a look."""
        if self.count in self.steps:
            self.look(net)
        self.count += 1
        return self.task.step(net, batch)

    def look(self, net: Layer) -> None:
        """Note what the net says now."""
        training = net.training
        with inference_mode(net.eval()):
            found = net(to_device(self.images, net.device))
        net.train(training)
        self.seen[self.count] = (
            tuple(map(to_host, found)) if isinstance(found, tuple) else to_host(found)
        )
