"""Metrics as a table, for a terminal."""

WIDTH = 23  # of the column of names


def show_metrics(metrics, class_names):
    """Print a line for each metric, and for a metric of classes a line for each class."""
    from nn_scratch.evaluation.display import display_name, display_value
    from nn_scratch.names import padded

    for name, value in metrics.items():
        if not isinstance(value, list):
            print(f"{display_name(name):<{WIDTH}} {display_value(value)}")
            continue
        print(display_name(name))
        for class_name, one in zip(class_names, value, strict=True):
            print(f"  {padded(class_name, WIDTH - 2)} {display_value(one)}")
