"""The queue of weighings, and its dead letters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class Queue(Protocol):
    """A queue of messages for the inference function, or its dead letters."""

    def send(self, body: str, reason: str | None = None) -> None:
        """Send a message, for a dead letter with the reason."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was received from a queue of dead letters, and is held for a while.

    `reason` is why it was rejected; None when it was only tried in vain.
    """

    body: str
    reason: str | None
    receipt: str


class DeadLetters(Protocol):
    """A queue of dead letters, for who looks through it."""

    def held(self) -> Iterator[DeadLetter]:
        """Each message once; until it is released or deleted, nobody else receives it."""

    def release(self, letter: DeadLetter) -> None:
        """Give a message back, as it was."""

    def delete(self, receipt: str) -> None:
        """Delete a message."""


class Backlog(Protocol):
    """What waits in the weighings queue."""

    def waiting(self) -> int:
        """How many messages nobody works on yet, about. Raises StoreUnavailable."""
