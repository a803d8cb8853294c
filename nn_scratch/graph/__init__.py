"""What a net does in one forward pass, what it costs, and what it sees."""

from nn_scratch.graph.cost import Cost, cost, cost_table, untold_macs
from nn_scratch.graph.receptive_field import influence, receptive_field
from nn_scratch.graph.trace import UNKNOWN, Step, Trace, Value, trace

__all__ = [
    "UNKNOWN",
    "Cost",
    "Step",
    "Trace",
    "Value",
    "cost",
    "cost_table",
    "influence",
    "receptive_field",
    "trace",
    "untold_macs",
]
