"""What the process's memory tells of its models: how much they take together, and which of them has grown."""

from collections.abc import Callable, Sequence

from app.infrastructure.runtime.resident import Resident


class Footprint:
    """The process's memory as it was seen last. Changed under the residency's lock only.

    What a model takes beyond its load (a context's cache, a network's buffers) shows only while it is in use. Growth belongs
    to the model that ran meanwhile, if it was one; that of several models at once belongs to none of them, but counts.
    """

    def __init__(self, process_bytes: Callable[[], int], server_bytes: int) -> None:
        """Take the first look; no model is loaded yet.

        Args:
            process_bytes: measures the process's memory.
            server_bytes: what the server may take itself before it counts as its models'.
        """
        self._process_bytes = process_bytes
        self._start_bytes = self._last_bytes = self._returned_bytes = process_bytes()
        self._server_bytes = max(self._start_bytes, server_bytes)
        self._ran: set[Resident] = set()

    @property
    def models_bytes(self) -> int:
        """Taken beyond what is the server's own."""
        return max(0, self._last_bytes - self._server_bytes)

    @property
    def grown_bytes(self) -> int:
        """Since free memory was given back the last time, as it was seen last."""
        return self._last_bytes - self._returned_bytes

    def ran(self, resident: Resident) -> None:
        """It is in use, or was since the last look."""
        self._ran.add(resident)

    def look(self, residents: Sequence[Resident]) -> None:
        """See how the process's memory has changed, and whose change it is. No model may be on its way in or out."""
        now_bytes = self._process_bytes()
        ran = self._ran.union(each for each in residents if each.in_use)
        if len(ran) == 1:
            (one,) = ran
            others = sum(each.present_bytes for each in residents if each is not one and each.takes_memory)
            # What comes and goes while no model runs must not add up over its runs.
            most = max(0, now_bytes - self._start_bytes - others)
            one.has_changed(min(one.present_bytes + now_bytes - self._last_bytes, most))
        self.see(residents, now_bytes)

    def see(self, residents: Sequence[Resident], now_bytes: int) -> None:
        """Take a measurement whose change is known already, such as a load's."""
        self._last_bytes = now_bytes
        self._ran = {each for each in residents if each.in_use}

    def has_returned(self) -> None:
        """Free memory was given back to the system, and then looked at."""
        self._returned_bytes = self._last_bytes
