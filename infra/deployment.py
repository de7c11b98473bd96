"""What is deployed into the emulator: the order, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from infra.outputs import StackOutputs

CONTENT_TAG = "smartscale:content"
"""The tag of a stack with the fingerprint of what was deployed."""
DEPLOYED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
"""The states of a stack that is as it was wanted."""


@dataclass(frozen=True)
class Order:
    """What to deploy, and where."""

    endpoint: str
    region: str
    credentials: Mapping[str, str]
    stack: str
    template: str
    """The path of the template, beside what it refers to."""
    parameters: Mapping[str, str]
    content: str
    """The fingerprint that the stack is tagged with."""
    update: bool
    """Whether the stack is there already."""

    def dump(self) -> str:
        """As `load` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> "Order":
        """What `dump` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Deployment:
    """What `deploy` found or made."""

    outputs: StackOutputs
    changed: bool
    """Whether anything had to be deployed."""
    rebuilt: bool
    """Whether tables and queues were made anew, so that their rows must come from the ledger."""
