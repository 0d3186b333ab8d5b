"""How sessions are listened to."""

from dataclasses import dataclass, field

from app.application.listening.recognize_block import RetryOptions
from app.domain.transcription.blocks import BlockOptions
from app.domain.vad.endpointing import EndpointingOptions


@dataclass(frozen=True)
class ListeningOptions:
    """How sessions are listened to.

    Attributes:
        endpointing: when utterances begin and end.
        blocks: how they are grouped for final recognition.
        retry: of failed recognitions.
        partial_interval_s: shortest time between two partial results of a session; 0 = no partial results.
        hear_interval_s: audio gathered before it is looked at; saves work, costs that much delay.
        restart_after_s: a session whose recognition failed is taken up again, if audio still comes, after this time.
    """

    endpointing: EndpointingOptions = field(default_factory=EndpointingOptions)
    blocks: BlockOptions = field(default_factory=BlockOptions)
    retry: RetryOptions = field(default_factory=RetryOptions)
    partial_interval_s: float = 1.0
    hear_interval_s: float = 0.25
    restart_after_s: float = 30.0
