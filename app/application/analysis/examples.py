"""Labelled sentences that show a language model what the labels mean, by language.

The subjects (a choir, a museum, beekeeping, a sailing club …) are far from what is usually recorded, so that nothing of them can
be taken for something that was said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.analysis.labels import Label


@dataclass(frozen=True)
class ExampleSet:
    """Examples of one language, and how they are laid out."""

    sentence_word: str
    label_word: str
    examples: tuple[tuple[str, Label], ...]

    def halved(self) -> "ExampleSet":
        """Every second example, for models with a small context."""
        return replace(self, examples=self.examples[::2])

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
        ("Leave the candles to me.", Label.TASK),
        ("So it's agreed, the choir sings in Latin.", Label.DECISION),
        ("Sundays it is, then.", Label.DECISION),
        ("If it rains the scores could get wet and be ruined.", Label.RISK),
        ("The museum has four hundred paintings.", Label.FACT),
        ("I'm starving, is there any soup left?", Label.CHAT),
        ("Do we pay the soloists or only the orchestra?", Label.QUESTION),
        ("With only one oar we'll never get back to the shore.", Label.RISK),
        ("Martha, could you please order the beeswax this week?", Label.TASK),
        ("Could you pass me the salt?", Label.CHAT),
        ("Nobody has told us who pays for the organ.", Label.QUESTION),
        ("We had six hives last year.", Label.FACT),
        ("I posted the programmes on Tuesday.", Label.FACT),
        ("I already phoned the beekeeper yesterday.", Label.FACT),
        ("Let's go with the blue sails then.", Label.DECISION),
        ("You take the flags, Ben, and don't forget the poles.", Label.TASK),
        ("I'm worried that the mites will come back and kill the colony.", Label.RISK),
        ("He's always late, that one.", Label.CHAT),
        ("We still don't know which hall we can use.", Label.QUESTION),
        ("Yes, that sounds good to me.", Label.CHAT),
        ("No fireworks this year.", Label.DECISION),
        ("Someone has to paint the hull by the end of May.", Label.TASK),
        ("I'll just get my glasses, one second.", Label.CHAT),
        ("If I were rich I would buy the whole orchestra.", Label.CHAT),
        ("The rehearsal took two hours and everybody was tired.", Label.FACT),
        ("Lucy's bringing the microphones on Friday.", Label.TASK),
        ("We won't lend the statues any more.", Label.DECISION),
        ("The tickets cost twelve euros last time.", Label.FACT),
        ("Did you sleep well after the party?", Label.CHAT),
        ("Whether the bishop comes is anybody's guess.", Label.QUESTION),
        ("The danger is that the old beam breaks and falls on the visitors.", Label.RISK),
        ("Paul will write the labels for the honey jars.", Label.TASK),
        ("The statue stays where it is.", Label.DECISION),
        ("My aunt sings in the choir too.", Label.CHAT),
        ("Oh, I'd love to live by the sea one day.", Label.CHAT),
        ("It isn't clear who is responsible for the costumes.", Label.QUESTION),
        ("They decided that years ago.", Label.FACT),
        ("The heating may fail in January and the pipes would freeze.", Label.RISK),
        ("Where did you buy that hat?", Label.CHAT),
        ("We could also try it with a drum, maybe.", Label.CHAT),
        ("Okay, then the tenors stand on the left and that's final.", Label.DECISION),
        ("Without a second anchor the boat may drift onto the rocks.", Label.RISK),
        ("And the nets have to be mended before the season starts.", Label.TASK),
        ("The statue needs to be cleaned before the opening.", Label.TASK),
        ("Fine by me.", Label.CHAT),
        ("No, I don't think so.", Label.CHAT),
        ("How many seats does the chapel have?", Label.FACT),
        ("There's a lot of dust on the organ pipes, so the sound could suffer.", Label.RISK),
        ("What are we going to do about the missing costumes?", Label.QUESTION),
        ("Right, we've voted, the club buys the red boat.", Label.DECISION),
        ("I used to play the trumpet.", Label.CHAT),
        ("Yes, I'll take care of the flowers.", Label.TASK),
        ("I have no idea if the hall is free in June.", Label.QUESTION),
        ("We chose the smaller boat, it's cheaper.", Label.DECISION),
        ("My neighbour keeps bees as well, I think.", Label.FACT),
        ("It was terribly cold in the church.", Label.CHAT),
        ("She gives a concert every winter.", Label.FACT),
        ("Could somebody ask the sexton for the key?", Label.TASK),
        ("I can bring the ladders on Monday.", Label.TASK),
        ("What a lovely voice she has!", Label.CHAT),
        ("Thanks, see you next time.", Label.CHAT),
        ("I told them no, it was far too expensive.", Label.FACT),
        ("Okay, thanks.", Label.CHAT),
    ),
)

_SPANISH = ExampleSet(
    "Frase",
    "Etiqueta",
    (
        ("Yo afino el órgano antes del concierto del domingo.", Label.TASK),
        ("Hola a todos, qué alegría veros otra vez.", Label.CHAT),
        ("De las velas me encargo yo, déjamelo a mí.", Label.TASK),
        ("Entonces queda decidido, el coro canta en latín.", Label.DECISION),
        ("Los domingos, entonces.", Label.DECISION),
        ("Si llueve, las partituras se pueden mojar y estropear.", Label.RISK),
        ("El museo tiene cuatrocientos cuadros.", Label.FACT),
        ("Tengo un hambre, ¿queda sopa?", Label.CHAT),
        ("¿Pagamos a los solistas o solo a la orquesta?", Label.QUESTION),
        ("Con un solo remo no volvemos nunca a la orilla.", Label.RISK),
        ("Marta, ¿puedes encargar la cera esta semana, por favor?", Label.TASK),
        ("¿Me pasas la sal?", Label.CHAT),
        ("Nadie nos ha dicho quién paga el órgano.", Label.QUESTION),
        ("El año pasado teníamos seis colmenas.", Label.FACT),
        ("Mandé los programas el martes.", Label.FACT),
        ("Ya llamé ayer al apicultor.", Label.FACT),
        ("Pues nos quedamos con las velas azules.", Label.DECISION),
        ("Tú llevas las banderas, Benito, y no te olvides de los palos.", Label.TASK),
        ("Me preocupa que vuelva el ácaro y mate a la colonia.", Label.RISK),
        ("Ese siempre llega tarde.", Label.CHAT),
        ("Todavía no sabemos qué sala podemos usar.", Label.QUESTION),
        ("Sí, me parece bien.", Label.CHAT),
        ("Este año nada de fuegos artificiales.", Label.DECISION),
        ("Hay que pintar el casco antes de finales de mayo.", Label.TASK),
        ("Cojo las gafas un segundo y vuelvo.", Label.CHAT),
        ("Si fuera rico me compraría la orquesta entera.", Label.CHAT),
        ("El ensayo duró dos horas y todos acabaron cansados.", Label.FACT),
        ("Lucía trae los micrófonos el viernes.", Label.TASK),
        ("No vamos a prestar más las estatuas.", Label.DECISION),
        ("Las entradas costaron doce euros la última vez.", Label.FACT),
        ("¿Dormiste bien después de la fiesta?", Label.CHAT),
        ("Si viene o no el obispo, vete a saber.", Label.QUESTION),
        ("El peligro es que se rompa la viga vieja y caiga sobre la gente.", Label.RISK),
        ("Pablo escribirá las etiquetas de los tarros de miel.", Label.TASK),
        ("La estatua se queda donde está.", Label.DECISION),
        ("Mi tía también canta en el coro.", Label.CHAT),
        ("Ay, a mí me gustaría vivir junto al mar.", Label.CHAT),
        ("No está claro quién se encarga de los trajes.", Label.QUESTION),
        ("Eso lo decidieron hace años.", Label.FACT),
        ("En enero puede fallar la calefacción y se nos congelan las tuberías.", Label.RISK),
        ("¿Dónde compraste ese sombrero?", Label.CHAT),
        ("También se podría probar con un tambor, digo yo.", Label.CHAT),
        ("Vale, entonces los tenores van a la izquierda y no se hable más.", Label.DECISION),
        ("Sin una segunda ancla el barco puede irse contra las rocas.", Label.RISK),
        ("Y hay que remendar las redes antes de que empiece la temporada.", Label.TASK),
        ("La estatua tiene que estar limpia antes de la inauguración.", Label.TASK),
        ("Por mí, bien.", Label.CHAT),
        ("No, no creo.", Label.CHAT),
        ("¿Cuántos asientos tiene la capilla?", Label.FACT),
        ("Hay mucho polvo en los tubos, así que el sonido va a empeorar.", Label.RISK),
        ("¿Qué vamos a hacer con los trajes que faltan?", Label.QUESTION),
        ("Bueno, hemos votado y el club compra el barco rojo.", Label.DECISION),
        ("Yo antes tocaba la trompeta.", Label.CHAT),
        ("Sí, de las flores me ocupo yo.", Label.TASK),
        ("No tengo ni idea de si la sala está libre en junio.", Label.QUESTION),
        ("Elegimos el barco pequeño, que es más barato.", Label.DECISION),
        ("Mi vecino también tiene abejas, creo.", Label.FACT),
        ("Hacía un frío tremendo en la iglesia.", Label.CHAT),
        ("Ella da un concierto todos los inviernos.", Label.FACT),
        ("¿Alguien le pide la llave al sacristán?", Label.TASK),
        ("Yo puedo llevar las escaleras el lunes.", Label.TASK),
        ("¡Qué voz más bonita tiene!", Label.CHAT),
        ("Gracias, hasta la próxima.", Label.CHAT),
        ("Les dije que no, era carísimo.", Label.FACT),
        ("Vale, gracias.", Label.CHAT),
    ),
)

_BY_LANGUAGE: Mapping[str, ExampleSet] = {"en": _ENGLISH, "es": _SPANISH}


def examples_for(language: str) -> ExampleSet:
    """The examples of a language (ISO 639-1); English ones for languages without their own."""
    return _BY_LANGUAGE.get(language, _ENGLISH)
