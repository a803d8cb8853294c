"""Metrics: segmentation, boundaries, boxes."""
