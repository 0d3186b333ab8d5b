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
        ("Do we pay the soloists or only the orchestra?", Label.QUESTION),
        ("Martha, could you please order the beeswax this week?", Label.TASK),
        ("Could you pass me the salt?", Label.CHAT),
        ("We had six hives last year.", Label.FACT),
        ("I already phoned the beekeeper yesterday.", Label.FACT),
        ("Let's go with the blue sails then.", Label.DECISION),
        ("I'm worried that the mites will come back and kill the colony.", Label.RISK),
        ("We still don't know which hall we can use.", Label.QUESTION),
        ("Yes, that sounds good to me.", Label.CHAT),
        ("Someone has to paint the hull by the end of May.", Label.TASK),
        ("If I were rich I would buy the whole orchestra.", Label.CHAT),
        ("The rehearsal took two hours and everybody was tired.", Label.FACT),
        ("We won't lend the statues any more.", Label.DECISION),
        ("Did you sleep well after the party?", Label.CHAT),
        ("The danger is that the old beam breaks and falls on the visitors.", Label.RISK),
        ("Paul will write the labels for the honey jars.", Label.TASK),
        ("My aunt sings in the choir too.", Label.CHAT),
        ("It isn't clear who is responsible for the costumes.", Label.QUESTION),
        ("They decided that years ago.", Label.FACT),
        ("Where did you buy that hat?", Label.CHAT),
        ("Okay, then the tenors stand on the left and that's final.", Label.DECISION),
        ("Without a second anchor the boat may drift onto the rocks.", Label.RISK),
        ("The statue needs to be cleaned before the opening.", Label.TASK),
        ("No, I don't think so.", Label.CHAT),
        ("How many seats does the chapel have?", Label.FACT),
        ("What are we going to do about the missing costumes?", Label.QUESTION),
        ("I used to play the trumpet.", Label.CHAT),
        ("Yes, I'll take care of the flowers.", Label.TASK),
        ("We chose the smaller boat, it's cheaper.", Label.DECISION),
        ("It was terribly cold in the church.", Label.CHAT),
        ("She gives a concert every winter.", Label.FACT),
        ("I can bring the ladders on Monday.", Label.TASK),
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
        ("¿Pagamos a los solistas o solo a la orquesta?", Label.QUESTION),
        ("Marta, ¿puedes encargar la cera esta semana, por favor?", Label.TASK),
        ("¿Me pasas la sal?", Label.CHAT),
        ("El año pasado teníamos seis colmenas.", Label.FACT),
        ("Ya llamé ayer al apicultor.", Label.FACT),
        ("Pues nos quedamos con las velas azules.", Label.DECISION),
        ("Me preocupa que vuelva el ácaro y mate a la colonia.", Label.RISK),
        ("Todavía no sabemos qué sala podemos usar.", Label.QUESTION),
        ("Sí, me parece bien.", Label.CHAT),
        ("Hay que pintar el casco antes de finales de mayo.", Label.TASK),
        ("Si fuera rico me compraría la orquesta entera.", Label.CHAT),
        ("El ensayo duró dos horas y todos acabaron cansados.", Label.FACT),
        ("No vamos a prestar más las estatuas.", Label.DECISION),
        ("¿Dormiste bien después de la fiesta?", Label.CHAT),
        ("El peligro es que se rompa la viga vieja y caiga sobre la gente.", Label.RISK),
        ("Pablo escribirá las etiquetas de los tarros de miel.", Label.TASK),
        ("Mi tía también canta en el coro.", Label.CHAT),
        ("No está claro quién se encarga de los trajes.", Label.QUESTION),
        ("Eso lo decidieron hace años.", Label.FACT),
        ("¿Dónde compraste ese sombrero?", Label.CHAT),
        ("Vale, entonces los tenores van a la izquierda y no se hable más.", Label.DECISION),
        ("Sin una segunda ancla el barco puede irse contra las rocas.", Label.RISK),
        ("La estatua tiene que estar limpia antes de la inauguración.", Label.TASK),
        ("No, no creo.", Label.CHAT),
        ("¿Cuántos asientos tiene la capilla?", Label.FACT),
        ("¿Qué vamos a hacer con los trajes que faltan?", Label.QUESTION),
        ("Yo antes tocaba la trompeta.", Label.CHAT),
        ("Sí, de las flores me ocupo yo.", Label.TASK),
        ("Elegimos el barco pequeño, que es más barato.", Label.DECISION),
        ("Hacía un frío tremendo en la iglesia.", Label.CHAT),
        ("Ella da un concierto todos los inviernos.", Label.FACT),
        ("Yo puedo llevar las escaleras el lunes.", Label.TASK),
        ("Gracias, hasta la próxima.", Label.CHAT),
    ),
)

_BY_LANGUAGE: Mapping[str, ExampleSet] = {"en": _ENGLISH, "es": _SPANISH}


def examples_for(language: str) -> ExampleSet:
    """The examples of a language (ISO 639-1); English ones for languages without their own."""
    return _BY_LANGUAGE.get(language, _ENGLISH)
