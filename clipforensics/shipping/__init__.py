"""A trained detector for other runtimes and places: ONNX, a plain tower, the hub, a shared folder."""
