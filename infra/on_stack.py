"""`python -m infra.on_stack MODULE`: run a module of ours on the stack that the settings name.

Waits until the stack is deployed, and tells the module by its environment what it is made of, as
`smartscale run` tells its children. For containers, which start beside what deploys the stack.
"""

import os
import sys

import typer

from infra.errors import PlainError
from infra.outputs import StackOutputs, stack_environment
from infra.settings import Settings, load_settings
from infra.stack import stack_outputs
from infra.waiting import wait_until

_PATIENCE_S = 600.0
_INTERVAL_S = 2.0


def deployed_outputs(settings: Settings, patience_s: float = _PATIENCE_S) -> StackOutputs:
    """The stack's outputs, as soon as it is deployed.

    Raises:
        PlainError: it is not deployed within `patience_s`.
    """
    found: list[StackOutputs] = []
    reason = PlainError("The stack was not looked for")

    def deployed() -> bool:
        nonlocal reason
        try:
            found.append(stack_outputs(settings))
        except PlainError as error:
            reason = error
        return bool(found)

    if not wait_until(deployed, patience_s, interval_s=_INTERVAL_S):
        raise reason
    return found[0]


def main() -> None:
    """Wait for the stack, then become the module."""
    module, *arguments = sys.argv[1:]
    try:
        settings = load_settings()
        environment = stack_environment(settings, deployed_outputs(settings))
    except PlainError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_status)
    command = [sys.executable, "-m", module, *arguments]
    os.execve(sys.executable, command, os.environ | environment)  # noqa: S606 - our own module


if __name__ == "__main__":
    main()
