"""ONNX models that turn sound into numbers: reading, checking, input, running, output."""
