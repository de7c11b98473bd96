"""Deploying the template into the emulator."""

import pytest

from infra.deploy import deploy, embedded_parameters
from infra.emulator import Emulator
from tests.conftest import Deployed

pytestmark = pytest.mark.integration


def test_deploying_the_same_code_again_changes_nothing(
    emulator: Emulator, deployed: Deployed
) -> None:
    again = deploy(emulator, deployed.settings.stack, embedded_parameters(deployed.settings))

    assert not again.changed
    assert again.outputs == deployed.outputs
