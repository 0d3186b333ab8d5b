"""How one stretch of speech is decoded by a faster-whisper model: carefully for finals, cheaply for partials."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.transcription.gate import (
    LOOP_COMPRESSION,
    LOWEST_LOG_PROBABILITY,
    NO_SPEECH_PROBABILITY,
    compression_ratio,
)
from app.domain.transcription.models import RecognizedSegment, TranscribeOptions, Transcription, Word

FRAMES_PER_S = 100
FULL_WINDOW_S = 30.0
FINAL_MARGIN_S, FINAL_WINDOW_S = 2.0, 10.0
PARTIAL_MARGIN_S, PARTIAL_WINDOW_S = 1.5, 8.0
"""A mel window shorter than 30 s saves most of the encoder's time: it ends a margin after the speech, and is no shorter than
the second number; shorter ones make Whisper loop (whisper.cpp #1855). Finals: 8.7 % (en) and 6.9 % (es) word errors, bare
faster-whisper with its 30 s windows 9.0 and 6.8 %, at half the CPU time (whisper-base int8, 4 variants of 18 recordings)."""
TOKENS_PER_S, SPARE_TOKENS = 8, 8
"""Bound on the tokens of speech, so that loops end soon: fast speech has about 5 a second, and 2 for each segment's times."""
LEAST_REST_S, LEAST_UNFINISHED_S = 1.0, 0.2
"""What a window leaves is recognised in another one from a second on: less is the silence behind the last word (0.4 s), unless
the window ended within a sentence."""
MOST_WINDOWS = 8
"""Speech of 30 s takes one to three; a model that advances by a frame each time is stopped."""
MAX_INITIAL_TIMESTAMP = 50
"""Speech begins within the first second (in steps of 20 ms), as in Whisper's own decoding."""
PUNCTUATION = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""What is part of the word behind it, and of the word before it."""
SWITCH_PROBABILITY, SWITCH_SPEECH_S = 0.9, 3.0
"""A language other than the prior one is taken only from this probability on, and not for short answers."""
VOCABULARY_CHARACTERS = 400
"""About 100 tokens: more of them makes Whisper echo the list."""
CONTROL_TOKEN = re.compile(r"<\|[^|>]*\|>")


def decode_final(
    model: Any, speech: Waveform, options: TranscribeOptions, *, beam_size: int, check: Callable[[], None]
) -> Transcription:
    """Beam search with timestamps and word times; ``check`` raises when nobody waits any more."""
    features = model.feature_extractor(speech)
    encoded = model.encode(_padded(features, _window_s(speech.size / SAMPLE_RATE_HZ, FINAL_MARGIN_S, FINAL_WINDOW_S)))
    language, probability = _language(model, encoded, speech, options)
    check()
    segments = _search(model, features, encoded, language, options, beam_size, check)
    if compression_ratio(" ".join(segment.text for segment in segments)) > LOOP_COMPRESSION:
        encoded = model.encode(_padded(features, FULL_WINDOW_S))
        segments = _search(model, features, encoded, language, options, beam_size, check, no_repeat=4)
    return Transcription(language, probability, tuple(segments))


def decode_partial(model: Any, speech: Waveform, options: TranscribeOptions) -> Transcription:
    """Greedy, without times, in a short window."""
    duration_s = speech.size / SAMPLE_RATE_HZ
    features = model.feature_extractor(speech)
    encoded = model.encode(_padded(features, _window_s(duration_s, PARTIAL_MARGIN_S, PARTIAL_WINDOW_S)))
    language, probability = _language(model, encoded, speech, options)
    tokenizer = _tokenizer(model, language)
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=_hotwords(options))
    result = _generate(model, encoded, prompt, int(duration_s * TOKENS_PER_S) + SPARE_TOKENS, beam_size=1)
    tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
    text = tokenizer.decode(tokens).strip()
    if not text:
        return Transcription(language, probability)
    segment = RecognizedSegment(
        0.0,
        duration_s,
        text,
        average_log_probability=float(result.scores[0]),
        no_speech_probability=float(result.no_speech_prob),
    )
    return Transcription(language, probability, (segment,))


def _window_s(duration_s: float, margin_s: float, least_s: float) -> float:
    return min(FULL_WINDOW_S, max(duration_s + margin_s, least_s))


def _padded(features: NDArray[np.float32], window_s: float) -> NDArray[np.float32]:
    frames = int(window_s * FRAMES_PER_S)
    kept = features[:, :frames]
    return np.ascontiguousarray(np.pad(kept, ((0, 0), (0, frames - kept.shape[1]))))


def _language(model: Any, encoded: Any, speech: Waveform, options: TranscribeOptions) -> tuple[str, float]:
    if not model.model.is_multilingual:
        return "en", 1.0
    if options.language is not None and options.language in model.supported_languages:  # else it is detected
        return options.language, 1.0
    token, probability = model.model.detect_language(encoded)[0][0]
    found = token[2:-2]
    prior = options.prior_language
    if prior is None or found == prior or prior not in model.supported_languages:
        return found, probability
    sure = probability >= SWITCH_PROBABILITY and speech.size >= SWITCH_SPEECH_S * SAMPLE_RATE_HZ
    return (found, probability) if sure else (prior, 1.0 - probability)


def _search(
    model: Any,
    features: NDArray[np.float32],
    encoded: Any,
    language: str,
    options: TranscribeOptions,
    beam_size: int,
    check: Callable[[], None],
    no_repeat: int = 0,
) -> list[RecognizedSegment]:
    """Window after window, until little is left; the first is ``encoded`` already.

    faster-whisper's own loop goes on to the last frame: most blocks would cost a second, full window for the silence behind
    the last word, in which Whisper then hears thanks and goodbyes.
    """
    from faster_whisper.transcribe import get_suppressed_tokens

    tokenizer = _tokenizer(model, language)
    prompt = model.get_prompt(tokenizer, [], hotwords=_hotwords(options))
    suppressed = get_suppressed_tokens(tokenizer, [-1])
    frames = features.shape[1] - 1  # the extractor adds one
    segments: list[RecognizedSegment] = []
    seek, left_out = 0, False
    for window in range(MOST_WINDOWS):
        rest_s = (frames - seek) / FRAMES_PER_S
        if window and rest_s < (LEAST_UNFINISHED_S if left_out else LEAST_REST_S):
            break
        if window:
            encoded = model.encode(_padded(features[:, seek:], _window_s(rest_s, FINAL_MARGIN_S, FINAL_WINDOW_S)))
        result = _generate(
            model,
            encoded,
            prompt,
            int(rest_s * TOKENS_PER_S) + SPARE_TOKENS,
            beam_size=beam_size,
            no_repeat_ngram_size=no_repeat,
            suppress_blank=True,
            suppress_tokens=suppressed,
            max_initial_timestamp_index=MAX_INITIAL_TIMESTAMP,
        )
        check()
        tokens = result.sequences_ids[0]
        log_probability = float(result.scores[0]) * len(tokens) / (len(tokens) + 1)  # with the end of the text
        if result.no_speech_prob > NO_SPEECH_PROBABILITY and log_probability < LOWEST_LOG_PROBABILITY:
            break
        found, seek, left_out = _placed(model, tokenizer, encoded, tokens, seek, frames, options)
        segments += [_recognized(each, tokenizer, log_probability, float(result.no_speech_prob)) for each in found]
    return [segment for segment in segments if segment.text and segment.end > segment.start]


def _generate(model: Any, encoded: Any, prompt: list[int], limit: int, **options: Any) -> Any:
    """At most ``limit`` tokens; of ``max_length`` CTranslate2 gives half, and what the prompt leaves, to new ones."""
    return model.model.generate(
        encoded,
        [prompt],
        max_length=min(model.max_length, max(2 * limit, len(prompt) + limit)),
        return_scores=True,
        return_no_speech_prob=True,
        **options,
    )[0]


def _placed(
    model: Any, tokenizer: Any, encoded: Any, tokens: list[int], seek: int, frames: int, options: TranscribeOptions
) -> tuple[list[dict[str, Any]], int, bool]:
    """A window's segments with their times, where the next window begins, and whether words were left out for it."""
    size = frames - seek
    found, following, ended = model._split_segments_by_timestamps(
        tokenizer=tokenizer,
        tokens=tokens,
        time_offset=seek / FRAMES_PER_S,
        segment_size=size,
        segment_duration=size / FRAMES_PER_S,
        seek=seek,
    )
    taken = sum(len(segment["tokens"]) for segment in found)
    left_out = any(token < tokenizer.eot for token in tokens[taken:])
    if options.word_times:
        model.add_word_timestamps([found], tokenizer, encoded, size, *PUNCTUATION, seek / FRAMES_PER_S)
        ends = [segment["words"][-1]["end"] for segment in found if segment["words"]]
        if ends and not ended and ends[-1] * FRAMES_PER_S > seek:
            following = round(ends[-1] * FRAMES_PER_S)
    return found, max(following, seek + 1), left_out


def _recognized(
    segment: dict[str, Any], tokenizer: Any, log_probability: float, no_speech_probability: float
) -> RecognizedSegment:
    return RecognizedSegment(
        start=float(segment["start"]),
        end=float(segment["end"]),
        text=tokenizer.decode(segment["tokens"]).strip(),
        words=tuple(
            Word(float(word["start"]), float(word["end"]), word["word"], float(word["probability"]))
            for word in segment.get("words", ())
        ),
        average_log_probability=float(log_probability),
        no_speech_probability=no_speech_probability,
    )


def _tokenizer(model: Any, language: str) -> Any:
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)


def _hotwords(options: TranscribeOptions) -> str | None:
    return _joined(options.vocabulary) or None


def _joined(vocabulary: Sequence[str]) -> str:
    taken, length = [], 0
    for word in (_plain(word) for word in vocabulary):
        length += len(word) + 2
        if word and length <= VOCABULARY_CHARACTERS:
            taken.append(word)
    return ", ".join(taken)


def _plain(text: str) -> str:
    """Without anything that the tokenizer would read as a control token."""
    return CONTROL_TOKEN.sub(" ", text).strip()
