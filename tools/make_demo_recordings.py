"""Make the demo recordings from their scripts: ``python tools/make_demo_recordings.py --model FILE --voices FOLDER``.

A maintainer's tool. Run it in an environment of its own: ``pip install kokoro-onnx av`` (kokoro-onnx brings
espeak-ng, which is GPL; nothing of it goes into the recordings or the product).
``--model`` is Kokoro-82M v1.0 as ONNX, int8; ``--voices`` the folder ``voices`` of the npm package kokoro-js 1.2.1.

Reads ``app/demo/{en,es}.json``, speaks its lines with pauses between them, writes ``{en,es}.ogg`` beside it and puts
the times of the lines back into the script. The same model and script give the same pauses and words.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import onnxruntime
from kokoro_onnx.tokenizer import Tokenizer

Samples = npt.NDArray[np.float32]

DEMO_DIR = Path(__file__).parents[1] / "app" / "demo"
SAMPLE_RATE_HZ = 24_000  # Kokoro's own rate
BIT_RATE = 32_000
PAUSE_S = (0.3, 0.9)  # between speakers in a calm conversation
LEVEL = 0.08  # root mean square of the louder voice, about -22 dBFS
ESPEAK_LANGUAGES = {"en": "en-us", "es": "es"}
# Kokoro writes affricates and English diphthongs as single letters, espeak-ng as two (hexgrad/misaki, EN_PHONES.md).
PHONEMES = {
    "en": {"tʃ": "ʧ", "dʒ": "ʤ", "eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "ɜː": "ɜɹ", "ɚ": "əɹ", "ː": ""},
    "es": {"tʃ": "ʧ"},
}


class Speaker:
    """Speaks lines with Kokoro."""

    def __init__(self, model: Path, voices: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        self._voices = voices
        self._tokenizer = Tokenizer()

    def say(self, text: str, voice: str, language: str) -> Samples:
        """One line as mono float32 at 24 kHz, without the silence around it."""
        phonemes = self._tokenizer.phonemize(text, ESPEAK_LANGUAGES[language])
        for written, kokoro in PHONEMES[language].items():
            phonemes = phonemes.replace(written, kokoro)
        tokens = self._tokenizer.tokenize(phonemes)
        styles = np.fromfile(self._voices / f"{voice}.bin", dtype=np.float32).reshape(-1, 1, 256)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": styles[len(tokens)],
            "speed": np.ones(1, dtype=np.float32),
        }
        return trim(np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel())


def trim(samples: Samples) -> Samples:
    """Cut the silence before and after, keeping 50 ms."""
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    keep = SAMPLE_RATE_HZ // 20
    return samples[max(loud[0] - keep, 0) : loud[-1] + keep]


def silence(duration_s: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), dtype=np.float32)


def record(script: dict[str, Any], speaker: Speaker) -> Samples:
    """Speak a whole script; writes the times into its lines."""
    pauses = random.Random(script["id"])  # noqa: S311 (repeatable, not secret)
    parts = [silence(0.5)]
    for line in script["transcript"]:
        voice = script["voices"][line["speaker"]]
        spoken = speaker.say(line["text"], voice["name"], script["language"])
        spoken *= LEVEL * 10 ** (voice["gain_db"] / 20) / float(np.sqrt(np.mean(spoken**2)))
        line["start"] = round(sum(map(len, parts)) / SAMPLE_RATE_HZ, 2)
        line["end"] = round(line["start"] + len(spoken) / SAMPLE_RATE_HZ, 2)
        parts += [spoken, silence(pauses.uniform(*PAUSE_S))]
    return np.concatenate([*parts, silence(0.5)])


def write_ogg(path: Path, samples: Samples) -> None:
    """Store as Ogg/Opus."""
    pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux([*stream.encode(frame), *stream.encode(None)])


def write_script(path: Path, script: dict[str, Any]) -> None:
    """Store a script, one line of the conversation or planted item a line of the file."""
    one_line = {key: value for key, value in script.items() if key not in ("transcript", "planted")}
    rows = [f"  {encode(key)}: {encode(value)}," for key, value in one_line.items()]
    rows += ['  "transcript": [', ",\n".join(f"    {encode(line)}" for line in script["transcript"]), "  ],"]
    kinds = [
        f"    {encode(kind)}: [\n" + ",\n".join(f"      {encode(item)}" for item in items) + "\n    ]"
        for kind, items in script["planted"].items()
    ]
    rows += ['  "planted": {', ",\n".join(kinds), "  }"]
    path.write_text("\n".join(["{", *rows, "}"]) + "\n", encoding="utf-8")


def encode(value: object) -> str:
    """JSON with its own letters kept."""
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Make the recordings named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("languages", nargs="*", default=["en", "es"])
    options = parser.parse_args()
    speaker = Speaker(options.model, options.voices)
    for language in options.languages:
        script_path = DEMO_DIR / f"{language}.json"
        script = json.loads(script_path.read_text(encoding="utf-8"))
        samples = record(script, speaker)
        write_ogg(script_path.with_suffix(".ogg"), samples)
        write_script(script_path, script)
        print(f"{script_path.with_suffix('.ogg')}: {len(samples) / SAMPLE_RATE_HZ:.1f} s")


if __name__ == "__main__":
    main()
