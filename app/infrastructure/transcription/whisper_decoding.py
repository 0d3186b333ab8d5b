"""How one stretch of speech is decoded by a faster-whisper model: carefully for finals, cheaply for partials."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.transcription.gate import LOOP_COMPRESSION, compression_ratio
from app.domain.transcription.models import RecognizedSegment, TranscribeOptions, Transcription, Word

FRAMES_PER_S = 100
FULL_WINDOW_S = 30.0
FINAL_MARGIN_S, FINAL_WINDOW_S = 2.0, 10.0
PARTIAL_MARGIN_S, PARTIAL_WINDOW_S = 1.5, 8.0
"""A mel window shorter than 30 s saves most of the encoder's time: it ends a margin after the speech, and is no shorter than
the second number; shorter ones make Whisper loop (whisper.cpp #1855). Finals: 8.7 % (en) and 6.9 % (es) word errors, bare
faster-whisper with its 30 s windows 9.0 and 6.8 %, at half the CPU time (whisper-base int8, 4 variants of 18 recordings)."""
TOKENS_PER_S, SPARE_TOKENS = 8, 8
"""Bound on a partial's tokens: fast speech has about 5 a second."""
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
    window_s = min(FULL_WINDOW_S, max(speech.size / SAMPLE_RATE_HZ + FINAL_MARGIN_S, FINAL_WINDOW_S))
    encoded = model.encode(_padded(features, window_s))
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
    encoded = model.encode(_padded(features, max(duration_s + PARTIAL_MARGIN_S, PARTIAL_WINDOW_S)))
    language, probability = _language(model, encoded, speech, options)
    tokenizer = _tokenizer(model, language)
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=_hotwords(options))
    limit = int(duration_s * TOKENS_PER_S) + SPARE_TOKENS
    result = model.model.generate(
        encoded,
        [prompt],
        beam_size=1,
        max_length=min(model.max_length, 2 * limit),  # CTranslate2 generates at most half of max_length
        return_scores=True,
        return_no_speech_prob=True,
    )[0]
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
    from faster_whisper.transcribe import TranscriptionOptions, get_suppressed_tokens

    tokenizer = _tokenizer(model, language)
    found = model.generate_segments(
        features,
        tokenizer,
        TranscriptionOptions(
            beam_size=beam_size,
            best_of=1,
            patience=1,
            length_penalty=1,
            repetition_penalty=1,
            no_repeat_ngram_size=no_repeat,
            log_prob_threshold=-1.0,
            no_speech_threshold=0.6,
            compression_ratio_threshold=LOOP_COMPRESSION,
            condition_on_previous_text=False,
            prompt_reset_on_temperature=0.5,
            temperatures=[0.0],  # sampling at higher ones would make results differ from run to run
            initial_prompt=None,
            prefix=None,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            without_timestamps=False,
            max_initial_timestamp=1.0,
            word_timestamps=options.word_times,
            prepend_punctuations="\"'“¿([{-",
            append_punctuations="\"'.。,，!！?？:：”)]}、",
            multilingual=False,
            max_new_tokens=None,
            clip_timestamps=[0.0],
            hallucination_silence_threshold=None,
            hotwords=_hotwords(options),
        ),
        False,
        encoded,
    )
    segments = []
    for segment in found:
        check()
        segments.append(_recognized(segment))
    return segments


def _recognized(segment: Any) -> RecognizedSegment:
    return RecognizedSegment(
        start=float(segment.start),
        end=float(segment.end),
        text=segment.text.strip(),
        words=tuple(
            Word(float(word.start), float(word.end), word.word, float(word.probability)) for word in segment.words or ()
        ),
        average_log_probability=float(segment.avg_logprob),
        no_speech_probability=float(segment.no_speech_prob),
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
