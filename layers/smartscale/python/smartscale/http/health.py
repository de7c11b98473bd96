"""Whether the system can do its work."""

import logging
from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import BaseModel

from smartscale import __version__
from smartscale.domain.errors import StoreUnavailable

_log = logging.getLogger(__name__)


class Health(BaseModel):
    """Whether the function and what it depends on answer."""

    status: Literal["ok", "degraded"]
    version: str
    dependencies: dict[str, str]


def probe(dependencies: Mapping[str, Callable[[], object]]) -> Health:
    """Try one cheap read of each dependency."""
    states = {name: _state(name, read) for name, read in dependencies.items()}
    healthy = all(state == "ok" for state in states.values())
    return Health(status="ok" if healthy else "degraded", version=__version__, dependencies=states)


def _state(name: str, read: Callable[[], object]) -> str:
    try:
        read()
    except StoreUnavailable as error:
        _log.warning("%s does not answer: %s", name, error.__cause__ or error)
        return "unreachable"
    return "ok"
