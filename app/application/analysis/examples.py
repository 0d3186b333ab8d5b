"""Labelled sentences that show a language model what the labels mean, by language.

The subjects (a choir, a museum, beekeeping, a sailing club …) are far from what is usually recorded, so that nothing of them can
be taken for something that was said.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.analysis.labels import Label


@dataclass(frozen=True)
class ExampleSet:
    """Examples of one language, and how they are laid out."""

    sentence_word: str
    label_word: str
    examples: tuple[tuple[str, Label], ...]

    def prefix(self) -> str:
        """The constant part of a labelling prompt; the sentence, and ``question``, follow."""
        blocks = [
            f"{self.sentence_word}: {sentence}\n{self.label_word}: {label.value}" for sentence, label in self.examples
        ]
        return "\n\n".join(blocks) + f"\n\n{self.sentence_word}:"

    def question(self, sentence: str) -> str:
        """The changing part, up to the label."""
        return f" {sentence}\n{self.label_word}:"


_ENGLISH = ExampleSet(
    "Sentence",
    "Label",
    (
        ("I'll tune the organ before the concert on Sunday.", Label.TASK),
        ("Hello everybody, lovely to see you all again.", Label.CHAT),
        ("So it's agreed, the choir sings in Latin.", Label.DECISION),
        ("If it rains the scores could get wet and be ruined.", Label.RISK),
        ("The museum has four hundred paintings.", Label.FACT),
        ("Do we know who holds the key of the boathouse?", Label.QUESTION),
        ("Martha, could you please order the beeswax this week?", Label.TASK),
        ("Yes, that sounds good to me.", Label.CHAT),
        ("We had six hives last year.", Label.FACT),
        ("Let's go with the blue sails then.", Label.DECISION),
        ("I'm worried that the mites will come back and kill the colony.", Label.RISK),
        ("We still don't know which hall we can use.", Label.QUESTION),
        ("Someone has to paint the hull by the end of May.", Label.TASK),
        ("The rehearsal took two hours yesterday.", Label.FACT),
        ("We won't lend the statues any more.", Label.DECISION),
        ("Did you sleep well after the party?", Label.CHAT),
        ("The danger is that the old beam breaks.", Label.RISK),
        ("Paul will write the labels for the honey jars.", Label.TASK),
        ("What are we going to do about the missing costumes?", Label.QUESTION),
        ("Thanks, see you next time.", Label.CHAT),
    ),
)

_SPANISH = ExampleSet(
    "Frase",
    "Etiqueta",
    (
        ("Yo afino el órgano antes del concierto del domingo.", Label.TASK),
        ("Hola a todos, qué alegría veros otra vez.", Label.CHAT),
        ("Entonces queda decidido, el coro canta en latín.", Label.DECISION),
        ("Si llueve, las partituras se pueden mojar y estropear.", Label.RISK),
        ("El museo tiene cuatrocientos cuadros.", Label.FACT),
        ("¿Sabemos quién tiene la llave del embarcadero?", Label.QUESTION),
        ("Marta, ¿puedes encargar la cera esta semana, por favor?", Label.TASK),
        ("Sí, me parece bien.", Label.CHAT),
        ("El año pasado teníamos seis colmenas.", Label.FACT),
        ("Pues nos quedamos con las velas azules.", Label.DECISION),
        ("Me preocupa que vuelva el ácaro y mate a la colonia.", Label.RISK),
        ("Todavía no sabemos qué sala podemos usar.", Label.QUESTION),
        ("Hay que pintar el casco antes de finales de mayo.", Label.TASK),
        ("El ensayo de ayer duró dos horas.", Label.FACT),
        ("No vamos a prestar más las estatuas.", Label.DECISION),
        ("¿Dormiste bien después de la fiesta?", Label.CHAT),
        ("El peligro es que se rompa la viga vieja.", Label.RISK),
        ("Pablo escribirá las etiquetas de los tarros de miel.", Label.TASK),
        ("¿Qué vamos a hacer con los trajes que faltan?", Label.QUESTION),
        ("Gracias, hasta la próxima.", Label.CHAT),
    ),
)

_BY_LANGUAGE: Mapping[str, ExampleSet] = {"en": _ENGLISH, "es": _SPANISH}


def examples_for(language: str) -> ExampleSet:
    """The examples of a language (ISO 639-1); English ones for languages without their own."""
    return _BY_LANGUAGE.get(language, _ENGLISH)
