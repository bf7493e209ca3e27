"""The runtime: a predictor as an ONNX graph, what answers with it, and the proof that both say the same."""
