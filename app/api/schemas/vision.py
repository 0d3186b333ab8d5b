"""Wire models of the ``/vision`` routes and of a session's photos."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.schemas.fields import Language, SessionId, UnixSeconds
from app.application.vision.photo_messages import PhotoAnswer
from app.domain.vision.frames import Frame, FrameScene
from app.domain.vision.models import DetectedObject, Risk, Scene, Severity

MAX_PROMPT = 1000
Prompt = Annotated[str, Field(max_length=MAX_PROMPT)]


def _absent_if_empty(value: Any) -> Any:
    return None if value == "" else value


Absent = BeforeValidator(_absent_if_empty)
"""Forms send empty fields for absent ones, and so do some clients in JSON."""


class PhotoMetadata(BaseModel):
    """What a client knows of a photo."""

    model_config = ConfigDict(strict=True, extra="ignore")

    timestamp: UnixSeconds | None = Field(None, description="Unix seconds when it was taken.")


class PhotoBase64(BaseModel):
    """A photo as JSON."""

    model_config = ConfigDict(strict=True, extra="ignore")

    image_b64: str = Field(min_length=1, description="Base64, bare or as a data URL.")
    session_id: Annotated[SessionId | None, Absent] = Field(
        None, description="The session that it joins; made if it is not there."
    )
    metadata: PhotoMetadata | None = None
    prompt: Prompt | None = Field(None, description="A question about the photo.")
    language: Annotated[Language | None, Absent] = Field(
        None, description="Of the description; absent = the session's."
    )


class PhotoForm(BaseModel):
    """The fields of a form beside the photo; those left empty count as absent."""

    session_id: Annotated[SessionId | None, Absent] = None
    captured_at: Annotated[UnixSeconds | None, Absent] = None
    prompt: Prompt | None = None
    language: Annotated[Language | None, Absent] = None


class ObjectJson(BaseModel):
    """A thing that was detected."""

    label: str = Field(description="One of COCO's 80 names, as in Darknet's coco.names.")
    confidence: float
    box: list[float] = Field(description="Left, top, right, bottom in pixels of the upright photo.")


class RiskJson(BaseModel):
    """A danger, with what it was judged on."""

    kind: str = Field(description="Stable name, the same in every language.")
    severity: Severity
    text: str
    reason: str


class SceneJson(BaseModel):
    """What is told of a photo."""

    description: str
    risks: list[str] = Field(description="The most severe first; each with its reason.")
    risk_details: list[RiskJson] = Field(description="The same risks, in parts.")
    suggestions: list[str]
    objects: list[ObjectJson]
    text: list[str] = Field(description="Lines that can be read in the photo.")
    language: str
    model: str


class DescribedPhoto(SceneJson):
    """A photo's scene; a near-duplicate has that of the photo it repeats."""

    frame_id: str
    session_id: str | None
    captured_at: float
    duplicate_of: str | None = Field(description="The photo of the session that it repeats.")
    photo_interval_s: float = Field(description="Seconds to leave before the next photo.")
    timings_ms: dict[str, int]


class DeferredPhoto(BaseModel):
    """A photo that will be described when there is time; read it at ``/session/{id}/frames/{frame_id}``."""

    frame_id: str
    session_id: str
    captured_at: float
    status: Literal["waiting", "described"] = Field(description="described if it repeats a photo that is.")
    photo_interval_s: float


class FrameJson(BaseModel):
    """A session's photo as it stands."""

    frame_id: str
    captured_at: float
    received_at: float
    width: int
    height: int
    status: str = Field(description="waiting, described or failed.")
    error: str | None = Field(description="Code of the failure.")
    prompt: str | None
    duplicate_of: str | None
    scene: SceneJson | None = Field(description="Null while it is not described.")


def described_photo(answer: PhotoAnswer, scene: Scene, *, session_id: str | None, interval_s: float) -> DescribedPhoto:
    """The answer to a photo that was described."""
    return DescribedPhoto(
        **scene_json(scene, answer.model_id, answer.size).model_dump(),
        frame_id=answer.frame_id,
        session_id=session_id,
        captured_at=answer.captured_at,
        duplicate_of=answer.duplicate_of,
        photo_interval_s=interval_s,
        timings_ms=answer.timings_ms,
    )


def scene_json(scene: Scene, model: str, size: tuple[int, int]) -> SceneJson:
    """A scene as clients read it; ``size`` is the photo's width and height in pixels."""
    return SceneJson(
        description=scene.description,
        risks=[risk_text(risk) for risk in scene.risks],
        risk_details=[RiskJson(kind=r.kind, severity=r.severity, text=r.text, reason=r.reason) for r in scene.risks],
        suggestions=list(scene.suggestions),
        objects=[_object(found, size) for found in scene.objects],
        text=list(scene.text),
        language=scene.language,
        model=model,
    )


def frame_json(frame: Frame, told: FrameScene | None) -> FrameJson:
    """A session's photo as clients read it."""
    size = (frame.photo.width, frame.photo.height)
    return FrameJson(
        frame_id=frame.frame_id,
        captured_at=frame.captured_at,
        received_at=frame.photo.received_at,
        width=frame.photo.width,
        height=frame.photo.height,
        status=frame.state.value,
        error=frame.error,
        prompt=frame.photo.prompt,
        duplicate_of=frame.photo.duplicate_of,
        scene=None if told is None else scene_json(told.scene, told.model_id, size),
    )


def risk_text(risk: Risk) -> str:
    """A risk with its reason, as one string."""
    return f"{risk.text} {risk.reason}".strip() if risk.text.endswith((".", "!", "?")) else _joined(risk)


def _joined(risk: Risk) -> str:
    return f"{risk.text}. {risk.reason}" if risk.reason else risk.text


def _object(found: DetectedObject, size: tuple[int, int]) -> ObjectJson:
    box, (width, height) = found.box, size
    sides = [box.left * width, box.top * height, box.right * width, box.bottom * height]
    return ObjectJson(label=found.label, confidence=round(found.confidence, 3), box=[round(side, 1) for side in sides])
