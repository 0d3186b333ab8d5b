"""Vision-language models with random weights, as small as llama.cpp loads them: they say nothing sensible, by the real code path."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

Family = Literal["smolvlm", "qwen2-vl"]
FAMILIES: tuple[Family, ...] = ("smolvlm", "qwen2-vl")
_HIDDEN, _HEADS, _LAYERS, _FEED_FORWARD, _CONTEXT = 64, 2, 2, 96, 4096
_SPECIAL = {
    "smolvlm": [
        "<|im_start|>",
        "<|im_end|>",
        "<end_of_utterance>",
        "<image>",
        "<fake_token_around_image>",
        "<global-img>",
    ]
    + [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)],
    "qwen2-vl": ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"],
}
_END = {"smolvlm": "<end_of_utterance>", "qwen2-vl": "<|im_end|>"}
_TEMPLATES = {
    "smolvlm": "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}<end_of_utterance>{% endfor %}",
    "qwen2-vl": "{% for message in messages %}<|im_start|>{{message['role']}}<|vision_start|><|im_end|>{% endfor %}",
}


def write_tiny_vision_model(folder: Path, family: Family = "smolvlm", seed: int = 1) -> Path:
    """Write a model and its projector into a folder; returns the model's path."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"tiny-{family}.gguf"
    _write_text_model(model, family, np.random.default_rng(seed))
    _write_projector(folder / f"mmproj-tiny-{family}.gguf", family, np.random.default_rng(seed + 1))
    return model


def _write_text_model(path: Path, family: Family, random: np.random.Generator) -> None:
    import gguf

    arch = {"smolvlm": "llama", "qwen2-vl": "qwen2vl"}[family]
    writer = gguf.GGUFWriter(path, arch)
    writer.add_name(f"tiny {family}")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_HIDDEN)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_HIDDEN // _HEADS)
    if family == "qwen2-vl":
        writer.add_rope_dimension_sections([4, 6, 6, 0])
    words = _byte_words()
    special = _SPECIAL[family]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre({"smolvlm": "smollm", "qwen2-vl": "qwen2"}[family])
    writer.add_token_list([*words, *special])
    normal, control = int(gguf.TokenType.NORMAL), int(gguf.TokenType.CONTROL)
    writer.add_token_types([normal] * len(words) + [control] * len(special))
    writer.add_token_merges(["Ċ Ċ"])
    end = len(words) + special.index(_END[family])
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_bos_token_id(len(words))
    writer.add_add_bos_token(family == "smolvlm")
    writer.add_chat_template(_TEMPLATES[family])
    _add(writer, random, "token_embd.weight", (len(words) + len(special), _HIDDEN))
    _add(writer, random, "output.weight", (len(words) + len(special), _HIDDEN))
    _add_ones(writer, "output_norm.weight", _HIDDEN)
    for layer in range(_LAYERS):
        name = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            _add_ones(writer, f"{name}.{norm}.weight", _HIDDEN)
        for matrix in ("attn_q", "attn_k", "attn_v", "attn_output"):
            _add(writer, random, f"{name}.{matrix}.weight", (_HIDDEN, _HIDDEN))
            if family == "qwen2-vl" and matrix != "attn_output":
                _add(writer, random, f"{name}.{matrix}.bias", (_HIDDEN,))
        _add(writer, random, f"{name}.ffn_up.weight", (_FEED_FORWARD, _HIDDEN))
        _add(writer, random, f"{name}.ffn_gate.weight", (_FEED_FORWARD, _HIDDEN))
        _add(writer, random, f"{name}.ffn_down.weight", (_HIDDEN, _FEED_FORWARD))
    _finish(writer)


def _write_projector(path: Path, family: Family, random: np.random.Generator) -> None:
    import gguf

    patch, size, merge, width = 16, 64, 2, 32
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", {"smolvlm": "idefics3", "qwen2-vl": "qwen2vl_merger"}[family])
    writer.add_bool("clip.use_gelu", True)
    for key, value in {
        "image_size": size,
        "patch_size": patch,
        "embedding_length": width,
        "feed_forward_length": 2 * width,
        "block_count": 1,
        "projection_dim": _HIDDEN,
        "attention.head_count": 2,
        "preproc_image_size": 4 * size,
        "projector.scale_factor": merge,
        "spatial_merge_size": merge,
    }.items():
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.5] * 3)
    writer.add_array("clip.vision.image_std", [0.5] * 3)
    _add(writer, random, "v.patch_embd.weight", (width, 3, patch, patch))
    if family == "smolvlm":
        _add(writer, random, "v.position_embd.weight", ((size // patch) ** 2, width))
        _add(writer, random, "mm.model.fc.weight", (_HIDDEN, width * merge**2))
    else:
        _add(writer, random, "v.patch_embd.weight.1", (width, 3, patch, patch))
        _add(writer, random, "mm.0.weight", (width * merge**2, width * merge**2))
        _add(writer, random, "mm.0.bias", (width * merge**2,))
        _add(writer, random, "mm.2.weight", (_HIDDEN, width * merge**2))
        _add(writer, random, "mm.2.bias", (_HIDDEN,))
    for norm in ("v.post_ln", "v.blk.0.ln1", "v.blk.0.ln2"):
        _add_ones(writer, f"{norm}.weight", width)
        _add(writer, random, f"{norm}.bias", (width,))
    for matrix, shape in {
        "attn_q": (width, width),
        "attn_k": (width, width),
        "attn_v": (width, width),
        "attn_out": (width, width),
        "ffn_up": (2 * width, width),
        "ffn_down": (width, 2 * width),
    }.items():
        _add(writer, random, f"v.blk.0.{matrix}.weight", shape)
        _add(writer, random, f"v.blk.0.{matrix}.bias", shape[:1])
    _finish(writer)


def _byte_words() -> list[str]:
    """The characters that stand for the 256 bytes in byte-level BPE, and one merged word, which idefics3 puts before a photo."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in shown]
    letters = {byte: chr(byte) for byte in shown} | {byte: chr(256 + place) for place, byte in enumerate(rest)}
    return [letters[byte] for byte in range(256)] + ["ĊĊ"]


def _add(writer: Any, random: np.random.Generator, name: str, shape: Sequence[int]) -> None:
    writer.add_tensor(name, (random.standard_normal(tuple(shape)) * 0.3).astype(np.float32))


def _add_ones(writer: Any, name: str, size: int) -> None:
    writer.add_tensor(name, np.ones(size, np.float32))


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
