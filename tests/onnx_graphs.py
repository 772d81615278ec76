"""ONNX graphs written byte by byte, as protocol buffers: the few fields these tests need.

Source: onnx.proto3 of https://github.com/onnx/onnx, messages ModelProto to TensorShapeProto.
"""

import numpy as np

FLOAT, INT64, INT_ATTRIBUTE, INTS_ATTRIBUTE = 1, 7, 2, 7


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number, value):
    """A field: a whole number, or bytes, text, or a message with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, INT_ATTRIBUTE)
    return field(1, name) + b"".join(field(8, one) for one in value) + field(20, INTS_ATTRIBUTE)


def tensor(name, array):
    dims = b"".join(field(1, one) for one in array.shape)
    return dims + field(2, FLOAT) + field(8, name) + field(9, array.astype("<f4").tobytes())


def port(name, sizes, kind=FLOAT):
    dims = b"".join(
        field(1, field(2, one) if isinstance(one, str) else field(1, one)) for one in sizes
    )
    shape = field(1, field(1, kind) + field(2, dims))
    return field(1, name) + field(2, shape)


def repeating_graph(factor=2, gain=1.0):
    """A graph that repeats every pixel of RGB squares `factor` times each way."""
    weights = np.full((3, 1, factor, factor), gain, np.float32)
    node = (
        b"".join(field(1, one) for one in ("small", "weights"))
        + field(2, "large")
        + field(4, "ConvTranspose")
        + field(5, attribute("group", 3))
        + field(5, attribute("kernel_shape", (factor, factor)))
        + field(5, attribute("strides", (factor, factor)))
    )
    graph = (
        field(1, node)
        + field(2, "repeat")
        + field(5, tensor("weights", weights))
        + field(11, port("small", (1, 3, "h", "w")))
        + field(12, port("large", (1, 3, "H", "W")))
    )
    opset = field(1, "") + field(2, 13)
    return field(1, 8) + field(7, graph) + field(8, opset)


def node(kind, inputs, output, *attributes):
    names = b"".join(field(1, one) for one in inputs) + field(2, output) + field(4, kind)
    return field(1, names + b"".join(field(5, attribute(*one)) for one in attributes))


def model(*fields):
    opset = field(1, "") + field(2, 13)
    graph = b"".join(fields) + field(2, "graph")
    return field(1, 8) + field(7, graph) + field(8, opset)


def colour_graph():
    """Pictures to their mean colour."""
    return model(
        node("GlobalAveragePool", ["pixel_values"], "pooled"),
        node("Flatten", ["pooled"], "image_embeds", ("axis", 1)),
        field(11, port("pixel_values", (1, 3, "h", "w"))),
        field(12, port("image_embeds", (1, 3))),
    )


def halves_graph(table):
    """The left and the right half of pictures of 48 x 32 as boxes, and how each token fits them."""
    boxes = np.array([[[0.25, 0.5, 0.5, 1.0], [0.75, 0.5, 0.5, 1.0]]], np.float32)
    return model(
        node(
            "AveragePool", ["pixel_values"], "pooled", ("kernel_shape", (32, 24)),
            ("strides", (32, 24)),
        ),
        node("Flatten", ["pooled"], "flat", ("axis", 2)),
        node("Transpose", ["flat"], "halves", ("perm", (1, 0))),
        node("Gather", ["table", "input_ids"], "rows", ("axis", 0)),
        node("Transpose", ["rows"], "tokens", ("perm", (0, 2, 1))),
        node("MatMul", ["halves", "tokens"], "logits"),
        node("Identity", ["boxes"], "pred_boxes"),
        field(5, tensor("table", table)),
        field(5, tensor("boxes", boxes)),
        field(11, port("pixel_values", (1, 3, 32, 48))),
        field(11, port("input_ids", (1, "t"), INT64)),
        field(12, port("logits", (1, 2, "t"))),
        field(12, port("pred_boxes", (1, 2, 4))),
    )  # fmt: skip


def words_graph(table):
    """Tokens to the mean of their rows of a table."""
    return model(
        node("Gather", ["table", "input_ids"], "rows", ("axis", 0)),
        node("ReduceMean", ["rows"], "text_embeds", ("axes", (1,)), ("keepdims", 0)),
        field(5, tensor("table", table)),
        field(11, port("input_ids", (1, "t"), INT64)),
        field(12, port("text_embeds", (1, 3))),
    )
