"""Numbers as text, for a terminal."""


def show_metrics(metrics, class_names):
    """One line for each metric, and for each class where there is one value a class."""
    from nn_scratch.evaluation.display import display_name, display_value

    for name, value in metrics.items():
        if not isinstance(value, list):
            print(f"{display_name(name):<24}{display_value(value)}")
            continue
        print(display_name(name))
        for class_name, one in zip(class_names, value, strict=True):
            print(f"  {as_text(class_name):<22}{display_value(one)}")


def as_text(name):
    """A name with what cannot be seen, or moves the cursor, written out as Python does."""
    name = str(name)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
