"""The switch between engines, and what the fast one says of a convolution."""

from calls.frame import Call, pick
from nn_scratch import engine
from nn_scratch.engine.cpu.ways import WAYS


def chosen(rng):
    def fault(module, x):
        return None if module is engine.cpu else "another module"

    return Call(engine.engine_of, [rng.random(3)], {}, fault)


def current(rng):
    return Call(engine.current, [], {}, lambda name: None if name == "fast" else f"{name} is on")


def used(rng):
    def within(name: str) -> str:
        with engine.use(name):
            return engine.current()

    return Call(
        within,
        [pick(rng, "fast", "plain")],
        {},
        lambda found, name: None if found == name else found,
    )


def which(rng):
    def fault(choice, *given, **options):
        return None if min(choice.costs, key=choice.costs.get) == choice.way else "not the cheapest"

    given = [pick(rng, *WAYS), (2, 4, 9, 8), (6, 4, 3, 3)]
    return Call(engine.which_way, given, {"stride": pick(rng, 1, 2), "padding": 1}, fault)


def record(rng):
    return Call(engine.Choice, ["conv_forward", "plain", {"plain": 1.0}], {})


TABLE = {
    "engine.Choice": record,
    "engine.current": current,
    "engine.engine_of": chosen,
    "engine.use": used,
    "engine.which_way": which,
}
