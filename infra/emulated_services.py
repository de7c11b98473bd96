"""Ministack's services, of which only those are loaded that somebody asks for something.

It emulates a hundred. Its CloudFormation, which every deployment asks for the stack, imports half
of them: 24 MB, and a third of the time that the emulator takes to start. For the media type of an
answer it loads the AWS SDK with its description of the service: another 40 MB.
"""

import importlib.util
import pkgutil
import sys
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import ministack.app
from ministack import services
from ministack.core import responses

PROTOCOLS = {
    "apigateway": ("rest-json", None),
    "cloudformation": ("query", None),
    "dynamodb": ("json", "1.0"),
    "events": ("json", "1.1"),
    "iam": ("query", None),
    "lambda": ("rest-json", None),
    "logs": ("json", "1.1"),
    "monitoring": ("smithy-rpc-v2-cbor", "1.0"),
    "s3": ("rest-xml", None),
    "scheduler": ("rest-json", "1.1"),
    "secretsmanager": ("json", "1.1"),
    "sns": ("query", None),
    "sqs": ("json", "1.0"),
    "ssm": ("json", "1.1"),
    "sts": ("query", None),
}
"""What the services that a stack asks speak, as the SDK describes them: protocol and version."""
_loading = threading.RLock()


class _Later(ModuleType):
    """A module that runs when something of it is asked for; until then it is empty."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks what kind of module it is
            raise AttributeError(name)
        with _loading:
            if type(self) is _Later:
                if "_runs" in self.__dict__:  # what it imports asks it for what it has not yet
                    raise AttributeError(name)
                self._runs = True
                spec = self.__spec__
                assert spec is not None and spec.loader is not None  # noqa: S101 - it was found
                spec.loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]
        return getattr(self, name)


def load_services_when_asked() -> None:
    """Have this process's ministack load so those that it has not loaded yet."""
    for found in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        spec = importlib.util.find_spec(found.name)
        if found.name in sys.modules or found.ispkg or spec is None:
            continue
        module = _Later(found.name)
        module.__spec__, module.__loader__ = spec, spec.loader
        module.__file__, module.__package__ = spec.origin, spec.parent
        sys.modules[found.name] = module
        setattr(services, found.name.rpartition(".")[2], module)
    build: Callable[[], dict[str, Any]] = ministack.app._build_persistence_save_dict  # noqa: SLF001

    def build_of_loaded() -> dict[str, Any]:
        unused = {name: one for name, one in sys.modules.items() if type(one) is _Later}
        for name in unused:
            del sys.modules[name]
        try:
            return build()
        finally:
            sys.modules.update(unused)

    ministack.app._build_persistence_save_dict = build_of_loaded  # noqa: SLF001


def know_protocols() -> None:
    """Have this process's ministack know them without the SDK."""
    described = responses._service_model  # noqa: SLF001

    def known(service: str) -> Any:
        if service not in PROTOCOLS:
            return described(service)
        protocol, version = PROTOCOLS[service]
        return SimpleNamespace(metadata={"protocol": protocol, "jsonVersion": version})

    responses._service_model = known  # noqa: SLF001
