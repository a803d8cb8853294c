"""Numbers as text, for a terminal."""


def show_metrics(metrics, class_names):
    """One line for each metric, and for each class where there is one value a class."""
    from nn_scratch.evaluation.segmentation import spoken

    for name, value in metrics.items():
        if isinstance(value, float):
            print(f"{spoken(name):<24}{value:.3f}")
        else:
            print(spoken(name))
            for class_name, one in zip(class_names, value, strict=True):
                print(f"  {class_name:<22}{one:.3f}")
