"""TensorFlow.js graphs as ONNX: as many operators as the object detector needs (``tools/convert_detector.py``)."""

import base64
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8

CHANNELS_FIRST = (0, 3, 1, 2)
"""The layout that ONNX's convolutions want, as axes of TensorFlow's: batch, channels, rows, columns."""

Array = NDArray[Any]
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Tensor:
    """A tensor of the TensorFlow graph, which the ONNX graph may hold with its axes in another order.

    Attributes:
        name: of the ONNX tensor.
        axes: axis ``i`` of the ONNX tensor is axis ``axes[i]`` of TensorFlow's.
        shape: TensorFlow's.
    """

    name: str
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    def at(self, axis: int) -> int:
        """Which axis of the ONNX tensor is TensorFlow's ``axis``."""
        return self.axes.index(axis % len(self.axes))


class Converter:
    """Translates node by node. Transpositions are remembered, and done only where an operator needs them."""

    def __init__(self, graph: Sequence[Node], weights: Mapping[str, Array]) -> None:
        self._nodes = {node["name"]: node for node in graph}
        self._constants = dict(weights)
        self._tensors: dict[str, Tensor] = {}
        self._emitted: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._numbers = itertools.count()
        self._operators: Mapping[str, Callable[[Node, list[str]], Tensor]] = {
            "Placeholder": self._placeholder,
            "Identity": lambda node, inputs: self._tensors[inputs[0]],
            "Transpose": self._transpose,
            "Pad": self._pad,
            "PadV2": self._pad,
            "Conv2D": self._convolution,
            "MaxPool": self._max_pool,
            "Add": self._add,
            "AddV2": self._add,
            "LeakyRelu": lambda node, inputs: self._same(
                "LeakyRelu", inputs[0], alpha=float(node["attr"]["alpha"]["f"])
            ),
            "Sigmoid": lambda node, inputs: self._same("Sigmoid", inputs[0]),
            "ConcatV2": self._concat,
            "SplitV": self._split,
            "ResizeBilinear": self._resize,
            "Reshape": self._reshape,
        }

    def convert(self, outputs: Mapping[str, str]) -> onnx.ModelProto:
        """The part of the graph that leads to ``outputs`` (name: node) as an ONNX model."""
        described = []
        for name, source in outputs.items():
            tensor = self._tensor(source)
            upright = self._arranged(tensor, tuple(range(len(tensor.shape))))
            self._emitted.append(helper.make_node("Identity", [upright], [name]))
            described.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, tensor.shape))
        graph = helper.make_graph(self._emitted, "detector", self._inputs, described, self._initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)

    def _tensor(self, reference: str) -> Tensor:
        name = reference.removesuffix(":0")
        if name not in self._tensors:
            node = self._nodes[name.split(":")[0]]
            inputs = [each.removesuffix(":0") for each in node.get("input", [])]
            for each in inputs:
                if not self._folded(each):
                    self._tensor(each)
            self._tensors[node["name"]] = self._operators[node["op"]](node, inputs)
        return self._tensors[name]

    def _folded(self, name: str) -> bool:
        """Whether a tensor is constant; its value is then in ``self._constants``. Shapes are computed from constants."""
        node = self._nodes[name.split(":")[0]]
        inputs = node.get("input", [])
        if name in self._constants:
            return True
        if not inputs or not all(self._folded(each) for each in inputs):
            return False
        values = [self._constants[each] for each in inputs]
        if node["op"] == "SparseToDense":
            where, shape, what, default = values
            dense = np.full([int(size) for size in np.ravel(shape)], default, what.dtype)
            dense[tuple(where.reshape(-1, dense.ndim).T)] = what
            self._constants[name] = dense
        else:
            self._constants[name] = {"Add": np.add, "AddV2": np.add}[node["op"]](*values)
        return True

    def _placeholder(self, node: Node, inputs: list[str]) -> Tensor:
        shape = tuple(int(each["size"]) for each in node["attr"]["shape"]["shape"]["dim"])
        self._inputs.append(helper.make_tensor_value_info("image", TensorProto.FLOAT, shape))
        return Tensor("image", tuple(range(len(shape))), shape)

    def _transpose(self, node: Node, inputs: list[str]) -> Tensor:
        tensor, order = self._tensors[inputs[0]], self._constants[inputs[1]].tolist()
        return Tensor(
            tensor.name, tuple(order.index(axis) for axis in tensor.axes), tuple(tensor.shape[axis] for axis in order)
        )

    def _pad(self, node: Node, inputs: list[str]) -> Tensor:
        tensor, amounts = self._tensors[inputs[0]], self._constants[inputs[1]].astype(np.int64)
        value = self._constants[inputs[2]] if len(inputs) > 2 else np.float32(0)
        arranged = amounts[list(tensor.axes)]
        name = self._emit(
            "Pad", [tensor.name, self._constant(arranged.T.ravel()), self._constant(np.array(value, np.float32))]
        )
        shape = tuple(int(size) for size in np.add(tensor.shape, amounts.sum(axis=1)))
        return Tensor(name, tensor.axes, shape)

    def _convolution(self, node: Node, inputs: list[str]) -> Tensor:
        kernel = self._constants[inputs[1]]
        source = self._tensors[inputs[0]]
        weights = self._constant(kernel.transpose(3, 2, 0, 1))
        groups = source.shape[3] // kernel.shape[2]
        return self._window("Conv", node, source, kernel.shape[:2], [weights], kernel.shape[3], group=groups)

    def _max_pool(self, node: Node, inputs: list[str]) -> Tensor:
        source = self._tensors[inputs[0]]
        return self._window("MaxPool", node, source, _integers(node, "ksize")[1:3], [], source.shape[3])

    def _window(
        self,
        operator: str,
        node: Node,
        source: Tensor,
        kernel: Sequence[int],
        weights: list[str],
        channels: int,
        **more: int,
    ) -> Tensor:
        """A convolution or a pooling, with TensorFlow's idea of "same" padding."""
        strides = _integers(node, "strides")[1:3]
        same = _text(node, "padding") == "SAME"
        before, after, sides = [], [], []
        for size, reach, stride in zip(source.shape[1:3], kernel, strides, strict=True):
            side = -(-size // stride) if same else (size - reach) // stride + 1
            missing = max(0, (side - 1) * stride + reach - size) if same else 0
            before.append(missing // 2)
            after.append(missing - missing // 2)
            sides.append(side)
        name = self._emit(
            operator,
            [self._arranged(source, CHANNELS_FIRST), *weights],
            kernel_shape=list(kernel),
            strides=strides,
            pads=before + after,
            **more,
        )
        return Tensor(name, CHANNELS_FIRST, (source.shape[0], sides[0], sides[1], channels))

    def _add(self, node: Node, inputs: list[str]) -> Tensor:
        main = next(self._tensors[each] for each in inputs if each in self._tensors)
        names = [
            self._arranged(self._tensors[each], main.axes)
            if each in self._tensors
            else self._constant(self._aligned(self._constants[each], main))
            for each in inputs
        ]
        return Tensor(self._emit("Add", names), main.axes, main.shape)

    def _aligned(self, value: Array, tensor: Tensor) -> Array:
        """A constant with as many axes as ``tensor``, in its order."""
        return value.reshape((1,) * (len(tensor.shape) - value.ndim) + value.shape).transpose(tensor.axes)

    def _same(self, operator: str, source: str, **attributes: float) -> Tensor:
        tensor = self._tensors[source]
        return Tensor(self._emit(operator, [tensor.name], **attributes), tensor.axes, tensor.shape)

    def _concat(self, node: Node, inputs: list[str]) -> Tensor:
        tensors = [self._tensors[each] for each in inputs[:-1]]
        axis = int(self._constants[inputs[-1]]) % len(tensors[0].shape)
        names = [self._arranged(each, tensors[0].axes) for each in tensors]
        shape = list(tensors[0].shape)
        shape[axis] = sum(each.shape[axis] for each in tensors)
        return Tensor(self._emit("Concat", names, axis=tensors[0].at(axis)), tensors[0].axes, tuple(shape))

    def _split(self, node: Node, inputs: list[str]) -> Tensor:
        tensor, sizes = self._tensors[inputs[0]], self._constants[inputs[1]].astype(np.int64)
        axis = int(self._constants[inputs[2]]) % len(tensor.shape)
        names = [self._new_name("part") for _ in sizes]
        self._emitted.append(
            helper.make_node("Split", [tensor.name, self._constant(sizes)], names, axis=tensor.at(axis))
        )
        for number, (name, size) in enumerate(zip(names, sizes.tolist(), strict=True)):
            shape = (*tensor.shape[:axis], size, *tensor.shape[axis + 1 :])
            self._tensors[f"{node['name']}:{number}" if number else node["name"]] = Tensor(name, tensor.axes, shape)
        return self._tensors[node["name"]]

    def _resize(self, node: Node, inputs: list[str]) -> Tensor:
        tensor = self._tensors[inputs[0]]
        rows, columns = (int(each) for each in self._constants[inputs[1]])
        half_pixel = node["attr"].get("half_pixel_centers", {}).get("b", False)
        sizes = np.array([tensor.shape[0], tensor.shape[3], rows, columns], np.int64)
        name = self._emit(
            "Resize",
            [self._arranged(tensor, CHANNELS_FIRST), "", "", self._constant(sizes)],
            mode="linear",
            coordinate_transformation_mode="half_pixel" if half_pixel else "asymmetric",
        )
        return Tensor(name, CHANNELS_FIRST, (tensor.shape[0], rows, columns, tensor.shape[3]))

    def _reshape(self, node: Node, inputs: list[str]) -> Tensor:
        tensor = self._tensors[inputs[0]]
        upright = self._arranged(tensor, tuple(range(len(tensor.shape))))
        shape = np.empty(tensor.shape, np.bool_).reshape(self._constants[inputs[1]]).shape
        return Tensor(
            self._emit("Reshape", [upright, self._constant(np.array(shape, np.int64))]), tuple(range(len(shape))), shape
        )

    def _arranged(self, tensor: Tensor, axes: tuple[int, ...]) -> str:
        """The ONNX tensor with its axes in the order ``axes`` of TensorFlow's."""
        if tensor.axes == axes:
            return tensor.name
        return self._emit("Transpose", [tensor.name], perm=[tensor.at(axis) for axis in axes])

    def _emit(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = self._new_name(operator.lower())
        self._emitted.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def _constant(self, value: Array) -> str:
        name = self._new_name("constant")
        self._initializers.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def _new_name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"


def _integers(node: Node, attribute: str) -> list[int]:
    return [int(each) for each in node["attr"][attribute]["list"]["i"]]


def _text(node: Node, attribute: str) -> str:
    return base64.b64decode(node["attr"][attribute]["s"]).decode("ascii")
