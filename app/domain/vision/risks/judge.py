"""All rules, and what is told of what they find."""

from app.domain.vision.models import Severity
from app.domain.vision.risks.animals import animals
from app.domain.vision.risks.chemicals import bottles
from app.domain.vision.risks.crossings import crossings, roads
from app.domain.vision.risks.crowds import crowds
from app.domain.vision.risks.darkness import darkness
from app.domain.vision.risks.finding import Finding, Rule
from app.domain.vision.risks.heat import heat, wet_electricity
from app.domain.vision.risks.lying import lying_people
from app.domain.vision.risks.obstacles import obstacles
from app.domain.vision.risks.sharp import sharp_things
from app.domain.vision.risks.signs import signs
from app.domain.vision.risks.slippery import slippery_ground
from app.domain.vision.risks.vehicles import bicycles, trains, vehicles
from app.domain.vision.view import View

RULES: tuple[Rule, ...] = (
    vehicles,
    trains,
    bicycles,
    crossings,
    roads,
    signs,
    animals,
    sharp_things,
    heat,
    wet_electricity,
    obstacles,
    lying_people,
    crowds,
    slippery_ground,
    bottles,
    darkness,
)
"""In the order in which equally severe findings are told."""

MAX_RISKS = 5
"""More than can be listened to; the most severe are kept."""

MADE_REDUNDANT = {
    "vehicle_near": {"road"},
    "vehicle_beside": {"road"},
    "crossing": {"road", "sign_stop"},
    "animal_danger": {"animal_near"},
    "sign_wet_floor": {"slippery"},
}
"""By kind: what it already says."""

_LOWER = {Severity.DANGER: Severity.WARNING, Severity.WARNING: Severity.INFO, Severity.INFO: Severity.INFO}


def find_risks(view: View) -> tuple[Finding, ...]:
    """What the rules find, one finding for each kind and case, the most severe first, with the severity it is told with."""
    best: dict[tuple[str, str], Finding] = {}
    for finding in (each for rule in RULES for each in rule(view)):
        key = (finding.kind, finding.case)
        if key not in best or told_severity(best[key]).rank < told_severity(finding).rank:
            best[key] = finding
    redundant = {kind for finding in best.values() for kind in MADE_REDUNDANT.get(finding.kind, ())}
    kept = [finding for finding in best.values() if finding.kind not in redundant]
    return tuple(sorted(kept, key=lambda finding: -told_severity(finding).rank)[:MAX_RISKS])


def told_severity(finding: Finding) -> Severity:
    """A finding's severity, one step lower if it is not sure."""
    return finding.severity if finding.sure else _LOWER[finding.severity]
