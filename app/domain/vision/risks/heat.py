"""What may be hot, and electricity near water."""

from collections.abc import Iterator

from app.domain.vision.models import Box, Severity
from app.domain.vision.placing import overlap
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import View

_STEP_AND_ARM_M = 1.8


def heat(view: View) -> Iterator[Finding]:
    """An oven (COCO's has the stove on it) or a toaster within reach. No flame or heat is detected, so that it may be off."""
    for hot in view.of({"oven", "toaster"})[:1]:
        if hot.distance_m <= _STEP_AND_ARM_M:
            yield Finding("hot_surface", Severity.INFO, (hot,), sure=hot.sure)


def wet_electricity(view: View) -> Iterator[Finding]:
    """An electric device that lies in or close to a sink."""
    for sink in view.of({"sink"}):
        margin = sink.box.width / 4
        around = Box(sink.box.left - margin, sink.box.top - margin, sink.box.right + margin, sink.box.bottom + margin)
        for device in view.of({"hair drier", "toaster"}):
            if overlap(device.box, around) > 0.5:
                yield Finding("electricity_water", Severity.WARNING, (device, sink), sure=device.sure and sink.sure)
                return
