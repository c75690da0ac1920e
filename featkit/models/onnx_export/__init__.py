"""Export of whole models to ONNX, with test vectors and a check of the numbers."""
