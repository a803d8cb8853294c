"""The trace of a net's forward pass, its costs and its receptive field; exports of the net as an
ONNX file and as a page for the browser."""

from nn_scratch.graph.cost import Cost, cost, cost_table, untold_macs
from nn_scratch.graph.program import ExportError
from nn_scratch.graph.receptive_field import influence, receptive_field
from nn_scratch.graph.to_onnx import to_onnx
from nn_scratch.graph.to_page import Paper, to_page
from nn_scratch.graph.trace import UNKNOWN, Step, Trace, Value, trace

__all__ = [
    "UNKNOWN",
    "Cost",
    "ExportError",
    "Paper",
    "Step",
    "Trace",
    "Value",
    "cost",
    "cost_table",
    "influence",
    "receptive_field",
    "to_onnx",
    "to_page",
    "trace",
    "untold_macs",
]
