"""A tiny network with the names and shapes of SFace's, in ONNX, written byte by byte: no package is needed.

One convolution (14 x 14, stride 14, two filters that sum to 0) makes 2 x 8 x 8 numbers of a face of 112
pixels: a coarse picture without its brightness. So pictures of one scene get like features, and others not.
"""

from pathlib import Path

import numpy as np

INPUT, OUTPUT = "data", "fc1"
"""SFace's names."""


def varint(value: int) -> bytes:
    """A whole number, seven bits a byte, as protobuf has it."""
    more, low = divmod(value, 128)
    return bytes([low | 128]) + varint(more) if more else bytes([low])


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a protobuf message: a number, or text or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(field(1, field(1, n)) for n in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(field(1, n) for n in values.shape)
    return dims + field(2, 1) + field(8, name) + field(9, values.astype("<f4").tobytes())


def node(kind: str, inputs: list[str], output: str, **ints: list[int] | int) -> bytes:
    found = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, kind) + field(4, kind)
    for name, value in ints.items():
        if isinstance(value, int):
            found += field(5, field(1, name) + field(3, value) + field(20, 2))
        else:
            found += field(5, field(1, name) + b"".join(field(8, n) for n in value) + field(20, 7))
    return found


def write_network(path: Path, *, n_filters: int = 2, seed: int = 0) -> Path:
    """The network; of another number of filters it gives another number of features."""
    weights = np.random.default_rng(seed).normal(size=(n_filters, 3, 14, 14))
    weights -= weights.mean(axis=(1, 2, 3), keepdims=True)
    graph = (
        field(1, node("Conv", [INPUT, "w"], "coarse", kernel_shape=[14, 14], strides=[14, 14]))
        + field(1, node("Flatten", ["coarse"], OUTPUT, axis=1))
        + field(2, "sface_like")
        + field(5, tensor("w", weights))
        + field(11, value_info(INPUT, (1, 3, 112, 112)))
        + field(12, value_info(OUTPUT, (1, 64 * n_filters)))
    )
    opset = field(1, "") + field(2, 13)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, opset))
    return path


def features_by_hand(aligned: np.ndarray, seed: int = 0) -> np.ndarray:
    """What the network says of uint8 (112, 112, 3), RGB; float64 (128,)."""
    weights = np.random.default_rng(seed).normal(size=(2, 3, 14, 14))
    weights -= weights.mean(axis=(1, 2, 3), keepdims=True)
    tiles = aligned.astype(np.float64).reshape(8, 14, 8, 14, 3)
    return np.einsum("fcij,aibjc->fab", weights, tiles).ravel()
