"""A scene in words, composed from what small models saw."""

from app.domain.vision.models import DescribeOptions, Scene, SceneEvidence
from app.domain.vision.questions import Asked, understand
from app.domain.vision.reading import MAX_LINES
from app.domain.vision.risks.judge import find_risks
from app.domain.vision.setting import setting_of
from app.domain.vision.view import look
from app.domain.vision.wording.answering import MAX_DANGERS, answer
from app.domain.vision.wording.lexicon import LANGUAGES, lexicon_for
from app.domain.vision.wording.telling import describe
from app.domain.vision.wording.warning import named_in, risk_of, suggestions_for


def compose_scene(evidence: SceneEvidence, options: DescribeOptions) -> Scene:
    """Tell what was seen in a photo.

    The same evidence and options always give the same scene. Text in the photo is only ever quoted, and the question is never repeated.

    Args:
        evidence: what the models saw; objects of other labels than COCO's are carried over and not told.
        options: language of the telling (English for those without a lexicon), and the wearer's question.

    Returns:
        The scene: a description that is not empty, with the answer to the question first; risks by severity; a suggestion for
        each distinct action.
    """
    view = look(evidence)
    setting = setting_of(view)
    lexicon = lexicon_for(options.language).within(setting)
    spoken_in = [lexicon_for(code).within(setting) for code in LANGUAGES]
    findings = find_risks(view)
    risks = tuple(risk_of(finding, lexicon, spoken_in) for finding in findings)
    question = None if options.prompt is None else understand(options.prompt, options.language)
    answered = [] if question is None else answer(question, view, risks, lexicon)
    dangers = findings[:MAX_DANGERS] if question is not None and question.asked is Asked.DANGER else ()
    warned_of = [thing for finding in dangers for thing in named_in(finding, lexicon)]
    return Scene(
        description=" ".join([*answered, *describe(view, lexicon, question, warned_of)]),
        risks=risks,
        suggestions=suggestions_for(findings, view, lexicon),
        objects=evidence.objects,
        text=tuple(line for reading in view.readings for line in reading.lines)[:MAX_LINES],
        language=lexicon.language,
    )
