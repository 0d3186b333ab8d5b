"""How photos come in: the use cases of ``application/vision``, joined."""

from dataclasses import dataclass

from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.feed import SessionFeed
from app.application.sessions.open_session import OpenSession
from app.application.sessions.quota import AudioQuota
from app.application.vision.describe_frame import DescribeFrame
from app.application.vision.describe_waiting import DescribeWaiting
from app.application.vision.frame_scenes import FrameScenes
from app.application.vision.look_at_frames import LookAtFrames
from app.application.vision.photo_pace import PhotoPace
from app.application.vision.photo_queue import PhotoQueue
from app.application.vision.tell_alerts import TellAlerts
from app.composition.models import Models
from app.composition.stores import Stores
from app.domain.vision.gateway import PhotoDecoder
from app.settings import Settings


@dataclass(frozen=True)
class PhotoUseCases:
    """What the API and the server's background work use."""

    describe_frame: DescribeFrame
    waiting: DescribeWaiting
    pace: PhotoPace


def join_photos(
    settings: Settings,
    stores: Stores,
    models: Models,
    decoder: PhotoDecoder,
    look: LookAtFrames,
    *,
    feed: SessionFeed,
    alerts: TellAlerts,
    open_session: OpenSession,
    analyze_again: AnalyzeAgain,
    quota: AudioQuota,
) -> PhotoUseCases:
    """Join the use cases of photos; ``look`` is what the end of a session uses, too."""
    vision = settings.vision
    queue = PhotoQueue(models.scene_describer, max_waiting=vision.max_waiting)
    pace = PhotoPace(queue, feed, interval_s=vision.photo_interval_s, max_interval_s=vision.max_interval_s)
    scenes = FrameScenes(stores.frames, stores.sessions, stores.events, alerts, analyze_again)
    waiting = DescribeWaiting(stores.frames, stores.sessions, look, queue, scenes)
    describe_frame = DescribeFrame(
        decoder,
        stores.photo_files,
        stores.frames,
        stores.sessions,
        open_session,
        queue,
        scenes,
        look,
        waiting.wake,
        pace,
        quota,
        default_language=vision.language,
    )
    return PhotoUseCases(describe_frame, waiting, pace)
