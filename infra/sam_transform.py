"""SAM's transform of a template, in a process of its own: `python -m infra.sam_transform`.

The emulator would load SAM's translator for it and keep that, 26 MB, as long as it runs. This reads
a template from stdin and writes the one without SAM's resources to stdout, both JSON.
"""

import json
import subprocess
import sys
from types import ModuleType
from typing import Any

_TRANSLATOR = "samtranslator.translator.transform"


class _NoPolicies:
    """Names of managed policies are not looked up, as ministack has it."""

    def load(self) -> dict[str, str]:
        """None of them."""
        return {}


def transform_elsewhere() -> None:
    """Have this process's ministack transform templates by that process."""
    stand_in = ModuleType(_TRANSLATOR)
    stand_in.transform = _transformed  # type: ignore[attr-defined]
    sys.modules[_TRANSLATOR] = stand_in


def _transformed(template: dict[str, Any], *_as_ministack_calls_it: object) -> dict[str, Any]:
    ran = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", __name__],
        input=json.dumps(template),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        *_, reason = ran.stderr.strip().splitlines() or ["SAM's translator ended without a word"]
        raise ValueError(reason)
    transformed: dict[str, Any] = json.loads(ran.stdout)
    return transformed


def main() -> None:
    """Transform the template on stdin."""
    # Only here: the emulator imports this module too.
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.translator.transform import transform  # noqa: PLC0415

    try:
        json.dump(transform(json.load(sys.stdin), {}, _NoPolicies()), sys.stdout)
    except InvalidDocumentException as error:
        causes = (str(cause.message) for cause in error.causes)
        sys.exit(" ".join([error.message, *causes]).replace("\n", " "))


if __name__ == "__main__":
    main()
