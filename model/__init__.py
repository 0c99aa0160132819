"""Pixels, sound and words in; seven probabilities out."""

from model.telemetry import cut_onnxruntime

cut_onnxruntime()
