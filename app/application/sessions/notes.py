"""What an analysis tells its user about itself, in the language of the session: why it is incomplete, or empty."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.application.sessions.stages import GAVE_UP
from app.domain.analysis.photo_summary import photo_notes
from app.domain.session.models import Session, StageResult
from app.domain.vision.models import SeenPhoto


@dataclass(frozen=True)
class _Words:
    """Sentences of one language; reasons that gateways give stay as they are."""

    failed: Mapping[str, str]
    internal: str
    stopped: str
    unended: str
    again: str
    reaches: str
    damaged: str
    silent: str
    empty: str


_ENGLISH = _Words(
    failed={
        "transcribe": "Not all of the recording could be transcribed",
        "diarize": "Speakers could not be told apart",
        "describe": "Not all photos could be described",
        "analyze": "The transcript could not be analysed",
    },
    internal="an internal error ({reason}), see the server's log",
    stopped="the server stopped {starts} times while doing it",
    unended="it did not end",
    again="Analyse the session again to retry.",
    reaches="The transcript reaches {heard} of {whole}.",
    damaged="An uploaded recording is damaged or cut off: the transcript has what could be decoded of it.",
    silent="No speech was found in this session.",
    empty="This session has neither audio nor photos.",
)
_WORDS = {
    "en": _ENGLISH,
    "es": _Words(
        failed={
            "transcribe": "No se pudo transcribir toda la grabación",
            "diarize": "No se pudo distinguir a los hablantes",
            "describe": "No se pudieron describir todas las fotos",
            "analyze": "No se pudo analizar la transcripción",
        },
        internal="un error interno ({reason}); mira el registro del servidor",
        stopped="el servidor se detuvo {starts} veces mientras lo hacía",
        unended="no terminó",
        again="Vuelve a analizar la sesión para reintentarlo.",
        reaches="La transcripción llega a {heard} de {whole}.",
        damaged="Una grabación subida está dañada o incompleta: la transcripción tiene lo que se pudo decodificar de ella.",
        silent="No se oyó hablar en esta sesión.",
        empty="Esta sesión no tiene ni audio ni fotos.",
    ),
}


def notes_on(
    session: Session,
    language: str,
    failed: Iterable[StageResult],
    *,
    silent: bool,
    damaged: bool,
    photos: Sequence[SeenPhoto] = (),
) -> tuple[str, ...]:
    """Notes for one version of a session's analysis.

    Args:
        session: as stored.
        language: of the analysis, ISO 639-1; English for those without sentences of their own.
        failed: the stages that did not do their work, in order.
        silent: whether the transcript is empty.
        damaged: whether a recording was uploaded that could not be decoded as a whole.
        photos: the session's.
    """
    words = _WORDS.get(language, _ENGLISH)
    failed = tuple(failed)
    undescribed = photo_notes(photos, language)  # says how many, so that the failure of the stage says nothing more
    notes = [_failure(result, words) for result in failed if not (undescribed and result.stage == "describe")]
    notes += undescribed
    if damaged:
        notes.append(words.damaged)
    if any(result.stage == "transcribe" for result in failed):
        notes.append(words.reaches.format(heard=_clock(session.heard_s), whole=_clock(session.audio_s)))
    elif silent and session.audio_s:
        notes.append(words.silent)
    elif silent and not photos:
        notes.append(words.empty)
    return tuple(notes)


def _failure(result: StageResult, words: _Words) -> str:
    details = result.details
    if "reason" in details:
        why = words.internal.format(reason=details["reason"]) if details["internal"] else details["reason"].rstrip(".")
    else:
        why = words.stopped.format(starts=details["starts"]) if result.error == GAVE_UP else words.unended
    return f"{words.failed[result.stage]}: {why}. {words.again}"


def _clock(seconds: float) -> str:
    minutes, whole = divmod(int(seconds), 60)
    return f"{minutes}:{whole:02d}"
