"""What a net costs and sees."""

from nn_scratch.graph.cost import Cost, cost, cost_table, untold_macs
from nn_scratch.graph.receptive_field import influence, receptive_field

__all__ = ["Cost", "cost", "cost_table", "influence", "receptive_field", "untold_macs"]
