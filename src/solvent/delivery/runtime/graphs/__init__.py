"""Fitted transforms and models written as ONNX, in double precision and with nulls as Python sees them."""
