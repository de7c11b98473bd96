"""What the service acknowledged, and what it says after it was killed.

A request that got no answer may have been acted on or not: then both are right, and no third thing.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import httpx

Key = tuple[str, Hashable]
"""The kind of an action, and what it is about."""


@dataclass
class Known:
    """The value that was acknowledged last, and those asked for since without an answer."""

    value: object = None
    acknowledged: bool = False
    perhaps: list[object] = field(default_factory=list)

    def allows(self, found: object) -> bool:
        """Whether the service may say this."""
        return found in self.perhaps or not self.acknowledged or found == self.value


@dataclass
class Oracle:
    """Compares what was acknowledged with what is there."""

    known: dict[Key, Known] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    """Answers that no client should ever get."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self, kind: str, about: Hashable, value: object, send: Callable[[], httpx.Response]
    ) -> httpx.Response | None:
        """Have a value stored; the answer if it was acknowledged."""
        answer = self.answer_of(kind, send)
        if answer is not None and answer.is_client_error:
            with self._lock:
                self.refused[f"{kind} {answer.status_code}"] += 1
            return None
        if answer is None or answer.is_server_error:
            with self._lock:
                self.unanswered[kind] += 1
                self.known.setdefault((kind, about), Known()).perhaps.append(value)
            return None
        self.note(kind, about, value)
        return answer

    def answer_of(self, kind: str, send: Callable[[], httpx.Response]) -> httpx.Response | None:
        """What the service answers; None when it does not."""
        try:
            answer = send()
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            with self._lock:
                self.broken.append(f"{kind}: {answer.text[:300]}")
        return answer

    def note(self, kind: str, about: Hashable, value: object) -> None:
        """A value was acknowledged."""
        with self._lock:
            self.acknowledged[kind] += 1
            self.known[kind, about] = Known(value, acknowledged=True)

    def lost(self, kind: str, found: dict[Hashable, object]) -> list[str]:
        """What of a kind is not there as it was acknowledged.

        What got no answer may still come: a restore finds it in the ledger.
        """
        lost = []
        with self._lock:
            for (which, about), known in self.known.items():
                if which != kind:
                    continue
                there = found.get(about)
                if not known.allows(there):
                    may = [known.value, *known.perhaps]
                    lost.append(f"{kind} {about}: {there} instead of one of {may}")
        return lost
