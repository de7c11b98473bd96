"""`template.yaml` as data, its tags in their long form: emulators do not know all of them."""

from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Libyaml takes a tenth of the time, where PyYAML has it: half a second of each deployment."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse(text: str) -> dict[str, Any]:
    """The template that a text (YAML) is.

    Raises:
        yaml.YAMLError: it is none.
    """
    parsed: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    return parsed
