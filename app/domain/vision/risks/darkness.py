"""Too little light to see what is in the way."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import View


def darkness(view: View) -> Iterator[Finding]:
    """Nothing can be said of obstacles in a dark photo; the wearer should know that silence means nothing then."""
    if view.dark:
        yield Finding("dark", Severity.INFO)
