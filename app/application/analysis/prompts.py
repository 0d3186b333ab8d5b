"""What the language model is asked when found items are put into words, by language of the result."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.analysis.labels import Label


@dataclass(frozen=True)
class Prompts:
    """One language's instructions, with a short example that shows the form.

    Attributes:
        kinds: what notes of each kind are called.
        wording: how to word the notes.
        wording_example: notes, and the JSON they become.
        said: what notes of other things are called.
        headings: of the digest that stands in for a summary, in its order.
        summary: how to write the summary.
        summary_example: notes, and the JSON they become.
        nothing: the summary of a conversation in which nothing was settled or asked.
    """

    kinds: Mapping[Label, str]
    said: str
    headings: Mapping[Label, str]
    wording: str
    wording_example: tuple[str, str]
    summary: str
    summary_example: tuple[str, str]
    nothing: str


_ENGLISH = Prompts(
    kinds={Label.TASK: "task", Label.DECISION: "decision", Label.QUESTION: "open question", Label.RISK: "risk"},
    said="said",
    headings={Label.DECISION: "Decided", Label.TASK: "To do", Label.QUESTION: "Open", Label.RISK: "Risks"},
    wording=(
        "You write the minutes of a conversation in English. Each numbered note holds what was said. Answer with "
        "JSON: for a task a short title "
        "that begins with a verb and a description of one sentence; for everything else one short sentence. Say "
        "only what the note says."
    ),
    wording_example=(
        "1 (decision): Latin or German? / Latin is nicer. / Okay, Latin then.\n2 (task, S4): I'll, um, tune the "
        "organ before Sunday, yes.",
        '{"1": "The choir sings in Latin.", "2": {"title": "Tune the organ", "description": "S4 tunes the organ before Sunday."}}',
    ),
    summary=(
        "You summarise a conversation in English from notes: two to five plain sentences, at most 90 words, the "
        "most important things first. "
        "Say only what the notes say. Answer with JSON."
    ),
    summary_example=(
        "said: The organ has not been tuned for years.\ndecision: The choir sings in Latin.\ntask, S4: Tune the "
        "organ before Sunday.",
        '{"summary": "The choir sings in Latin. The organ has not been tuned for years; S4 tunes it before Sunday."}',
    ),
    nothing="Nothing was decided, planned or left open in this conversation.",
)

_SPANISH = Prompts(
    kinds={Label.TASK: "tarea", Label.DECISION: "decisión", Label.QUESTION: "pregunta abierta", Label.RISK: "riesgo"},
    said="dicho",
    headings={Label.DECISION: "Decidido", Label.TASK: "Tareas", Label.QUESTION: "Pendiente", Label.RISK: "Riesgos"},
    wording=(
        "Redactas en español el acta de una conversación. Cada nota numerada contiene lo que se dijo. Responde "
        "con JSON: para una tarea, un título corto "
        "que empiece por un verbo en infinitivo y una descripción de una frase; para lo demás, una frase corta. "
        "Di solo lo que dice la nota."
    ),
    wording_example=(
        "1 (decisión): ¿En latín o en alemán? / En latín es más bonito. / Vale, pues en latín.\n2 (tarea, S4): "
        "Yo, eh, afino el órgano antes del domingo, sí.",
        '{"1": "El coro canta en latín.", "2": {"title": "Afinar el órgano", "description": "S4 afina el órgano antes del domingo."}}',
    ),
    summary=(
        "Resumes en español una conversación a partir de notas: de dos a cinco frases sencillas, como mucho 90 "
        "palabras, primero lo más importante. "
        "Di solo lo que dicen las notas. Responde con JSON."
    ),
    summary_example=(
        "dicho: El órgano lleva años sin afinar.\ndecisión: El coro canta en latín.\ntarea, S4: Afinar el órgano "
        "antes del domingo.",
        '{"summary": "El coro canta en latín. El órgano lleva años sin afinar; S4 lo afina antes del domingo."}',
    ),
    nothing="En esta conversación no se decidió, planeó ni dejó pendiente nada.",
)

_BY_LANGUAGE: Mapping[str, Prompts] = {"en": _ENGLISH, "es": _SPANISH}

_LANGUAGE_NAMES: Mapping[str, str] = {
    "ca": "Catalan", "de": "German", "fr": "French", "gl": "Galician", "it": "Italian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
}  # fmt: skip


def prompts_for(language: str) -> Prompts:
    """Instructions for results in a language (ISO 639-1); the English ones, told which language to write, for those without their own."""
    own = _BY_LANGUAGE.get(language)
    if own is not None:
        return own
    name = _LANGUAGE_NAMES.get(language, f"the language with the ISO code {language}")
    return Prompts(
        kinds=_ENGLISH.kinds,
        said=_ENGLISH.said,
        headings=_ENGLISH.headings,
        wording=_ENGLISH.wording.replace("in English", f"in {name}"),
        wording_example=_ENGLISH.wording_example,
        summary=_ENGLISH.summary.replace("in English", f"in {name}"),
        summary_example=_ENGLISH.summary_example,
        nothing=_ENGLISH.nothing,
    )
