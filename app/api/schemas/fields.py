"""Field types that several wire models share."""

import dataclasses
import zoneinfo
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from app.domain.session.models import SessionConfig

SESSION_ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
MAX_UNIX_S = 253_402_300_799.0
"""The last second of the year 9999, as far as dates can be computed."""

# ISO 639-1, as published by the Library of Congress (the registration authority of ISO 639-2).
LANGUAGE_CODES = frozenset(
    """aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it
    iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt
    my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl
    sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo
    za zh zu""".split()  # noqa: SIM905 one code a line is unreadable
)


@lru_cache(maxsize=1)
def known_timezones() -> frozenset[str]:
    """Names of the time zones of this machine; reads its database once (call it in a thread first)."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime"}  # a file of many systems, no name of IANA


def _language(code: str) -> str:
    if code not in LANGUAGE_CODES:
        raise ValueError("not an ISO 639-1 code in lower case, such as en or es")
    return code


def _timezone(name: str) -> str:
    if name not in known_timezones():
        raise ValueError("not an IANA time zone, such as Europe/Madrid")
    return name


def _no_path_step(session_id: str) -> str:
    if session_id in {".", ".."}:
        raise ValueError("a session_id of one or two dots is not allowed")
    return session_id


def _without_fraction(value: Any) -> Any:
    """JSON has one kind of number: 16000.0 is 16000."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_without_fraction)
SessionId = Annotated[str, StringConstraints(pattern=SESSION_ID_PATTERN), AfterValidator(_no_path_step)]
Language = Annotated[str, AfterValidator(_language)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
UnixSeconds = Annotated[float, Field(ge=0, le=MAX_UNIX_S, allow_inf_nan=False)]
VocabularyWord = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Vocabulary = Annotated[tuple[VocabularyWord, ...], Field(max_length=200)]


class SessionFields(BaseModel):
    """What a client may ask of a new session, over HTTP or a socket. Fields that are absent or null take their defaults."""

    language: Language | None = Field(None, description="Of the speech, ISO 639-1; absent = detect.")
    summary_language: Language | None = Field(None, description="Of the analysis; absent = the transcript's.")
    vocabulary: Vocabulary | None = Field(None, strict=False, description="Names and jargon.")
    timezone: TimeZone | None = Field(None, description="IANA name, for dates in the analysis.")
    started_at: UnixSeconds | None = Field(None, description="Unix seconds of the session's start.")
    diarize: bool | None = Field(None, description="Tell speakers apart; absent = true.")
    speakers: Annotated[int, Whole] | None = Field(None, ge=1, le=20, description="How many people speak, if known.")

    def given(self) -> frozenset[str]:
        """Names of the fields of ``session_config`` that the client set."""
        names = (field.name for field in dataclasses.fields(SessionConfig))
        return frozenset(name for name in names if getattr(self, name) is not None)

    def session_config(self) -> SessionConfig:
        """What the client asked for."""
        return SessionConfig(
            language=self.language,
            summary_language=self.summary_language,
            vocabulary=self.vocabulary or (),
            timezone=self.timezone,
            started_at=self.started_at,
            diarize=self.diarize is not False,
            speakers=self.speakers,
        )
