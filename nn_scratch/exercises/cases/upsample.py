"""Cases of upsampling without switches."""

from nn_scratch.exercises.cases.case import Case, generator, integers, tenths


def block_unpool(title):
    """For nearest unpooling and bed of nails: x, scale, dy."""

    def case(name, adds, shape, scale, draw=integers):
        rng = generator(title, name)
        down, right = scale if isinstance(scale, tuple) else (scale, scale)
        n, c, height, width = shape
        values = {"x": draw(rng, *shape), "scale": scale}
        values["dy"] = draw(rng, n, c, height * down, width * right)
        return Case(name, adds, values)

    return [
        case("one pixel", "becomes a block of four", (1, 1, 1, 1), 2),
        case("blocks", "side by side", (1, 1, 2, 2), 2),
        case("larger blocks", "of nine", (1, 1, 2, 2), 3),
        case("oblong", "height and width differ", (1, 1, 2, 3), 2),
        case("tenths", "numbers that are not whole, and zeros", (1, 1, 2, 2), 2, tenths),
        case("channels", "each on its own", (1, 2, 2, 2), 2),
        case("batch", "and each image", (3, 2, 2, 2), 2),
        case("unequal pairs", "(vertical, horizontal)", (2, 2, 2, 3), (3, 2)),
    ]


def bilinear():
    """For bilinear_upsample2d: x, size, dy, input_size."""

    def case(name, adds, shape, size, draw=integers):
        rng = generator("bilinear", name)
        values = {"x": draw(rng, *shape), "size": size, "input_size": shape[2:]}
        values["dy"] = draw(rng, *shape[:2], *size)
        return Case(name, adds, values)

    return [
        case("one pixel", "spreads everywhere", (1, 1, 1, 1), (2, 2)),
        case("a row", "two pixels become four", (1, 1, 1, 2), (1, 4)),
        case("a plane", "in both directions", (1, 1, 2, 2), (4, 4)),
        case("oblong", "height and width differ", (1, 1, 2, 3), (4, 6)),
        case("tenths", "numbers that are not whole, and zeros", (1, 1, 3, 3), (6, 6), tenths),
        case("no whole factor", "three pixels become five", (1, 1, 3, 2), (5, 3)),
        case("channels and batch", "each plane on its own", (2, 2, 2, 2), (4, 4)),
    ]
