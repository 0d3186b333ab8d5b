import pytest

from app.application.sessions.read_session import name_findings
from app.domain.analysis.models import ActionItem, AnalysedPhoto, Claim, Evidence, Findings
from app.domain.session.models import TranscriptLine

pytestmark = pytest.mark.unit

NAMES = {"S1": "Marta", "S3": "Ana"}


def test_labels_become_names_except_in_quotes() -> None:
    said = Evidence("s1", "S1 said so")
    item = ActionItem("Call S1", "S3 calls S1.", ("ask S2",), "S3", None, None, (said,))
    named = name_findings(Findings("en", "S1 leads.", (Claim("S1 goes.", (said,)),), (), (item,)), NAMES, [])
    assert (named.summary, named.decisions[0].text) == ("Marta leads.", "Marta goes.")
    assert named.decisions[0].evidence == (said,)
    found = named.action_items[0]
    assert (found.title, found.description, found.steps) == ("Call Marta", "Ana calls Marta.", ("ask S2",))
    assert found.owner == "Ana"


def test_a_word_that_only_looks_like_a_label_stays() -> None:
    lines = [TranscriptLine("s1", "S1", 0, 3, "We move the backups to the S3 bucket.")]
    item = ActionItem("Move backups to S3", "", (), "S3", None, None, ())
    named = name_findings(Findings("en", "S1 moves them to S3.", (), (), (item,)), NAMES, lines)
    assert named.summary == "Marta moves them to S3."
    assert (named.action_items[0].title, named.action_items[0].owner) == ("Move backups to S3", "Ana")


def test_a_sign_in_a_photo_names_nobody_and_photos_stay_evidence() -> None:
    photos = [AnalysedPhoto("f1", 5.0, 5.0, "A platform with a sign: S1.", ("A train of line S3 arrives.",))]
    risk = Claim("A train of line S3 arrives.", (Evidence(frame_id="f1"),))
    named = name_findings(
        Findings("en", "Seen: a sign, S1. S2 waits.", risks=(risk,)), NAMES | {"S2": "Tom"}, [], photos
    )
    assert (named.summary, named.risks) == ("Seen: a sign, S1. Tom waits.", (risk,))
