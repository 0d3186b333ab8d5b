import pytest

from app.domain.analysis.evidence import check_findings, grounded
from app.domain.analysis.models import ActionItem, Claim, Evidence, Findings
from tests.unit.analysis.conversation import conversation

pytestmark = pytest.mark.unit

LINES = conversation("S1: Marta brings the ladder on Monday.", "S2: Fine.")


def item(owner: str | None, quote: str = "Marta brings the ladder", due_text: str | None = None) -> ActionItem:
    return ActionItem("Bring the ladder", "", (), owner, "2025-01-06", due_text, (Evidence("s1", quote),))


def test_quotes_must_be_verbatim_in_the_segment() -> None:
    texts = {"s1": "We paint on Monday.", "s2": "Fine."}
    kept = Evidence("s1", "paint on Monday")
    photo = Evidence(frame_id="f1")
    wrong = [Evidence("s1", "Paint on Monday"), Evidence("s2", "paint"), Evidence("s9", "Fine."), Evidence("s1", "")]
    assert grounded([kept, *wrong], texts) == (kept,)
    assert grounded([kept, photo, Evidence(frame_id="f2")], texts, {"f1"}) == (kept, photo)


def test_claims_without_evidence_are_dropped() -> None:
    good = Claim("They paint", (Evidence("s1", "ladder"), Evidence("s1", "invented")))
    bad = Claim("They dance", (Evidence("s1", "dance"),))
    findings = check_findings(Findings("en", decisions=(good, bad), risks=(bad,), open_questions=(bad,)), LINES)
    assert findings.decisions == (Claim("They paint", (Evidence("s1", "ladder"),)),)
    assert findings.risks == findings.open_questions == ()


@pytest.mark.parametrize(
    ("owner", "kept"), [("S2", "S2"), ("marta", "marta"), ("Tom", None), ("S7", None), ("Given", "Given"), (None, None)]
)
def test_owner_must_be_a_speaker_or_a_name_that_was_said(owner: str | None, kept: str | None) -> None:
    (checked,) = check_findings(Findings("en", action_items=(item(owner),)), LINES, ["Given"]).action_items
    assert checked.owner == kept


def test_due_must_have_been_said() -> None:
    (said,) = check_findings(Findings("en", action_items=(item("S1", due_text="on Monday"),)), LINES).action_items
    assert (said.due, said.due_text) == ("2025-01-06", "on Monday")
    (unsaid,) = check_findings(Findings("en", action_items=(item("S1", due_text="on Friday"),)), LINES).action_items
    assert (unsaid.due, unsaid.due_text) == (None, None)


def test_photos_prove_only_while_they_exist() -> None:
    shown = Claim("Wet floor", (Evidence(frame_id="f1"), Evidence(frame_id="f2")))
    findings = Findings("en", risks=(shown,))
    assert check_findings(findings, LINES, frames={"f2"}).risks == (Claim("Wet floor", (Evidence(frame_id="f2"),)),)
    assert check_findings(findings, LINES).risks == ()


def test_ungrounded_tasks_are_dropped() -> None:
    assert check_findings(Findings("en", action_items=(item("S1", "no such words"),)), LINES).action_items == ()
