"""Whether the tables hold all that was acknowledged, told by a file to whoever works on them.

After a crash the emulator has the tables of its last clean stop, until they are rebuilt from the
bucket. Whoever worked on them meanwhile would charge old prices, and give versions a second time.
"""

import os
from pathlib import Path

VARIABLE = "SMARTSCALE_READY_FILE"
"""Names the file to the children of `smartscale run`; without it nothing is ever restored."""

RESTORE = "restore"
"""Asks `infra.initialise` to rebuild everything."""
ROWS = "rows"
"""Asks it to rebuild everything but the figures, of which none are lost."""
MAKE_ROOM = "make-room"
"""Asks it to delete the oldest pictures, as the disk is nearly full."""
OF_THE_RUN = {"AWS_SDK_UA_APP_ID": "smartscale-run"}
"""Makes the AWS SDK say that a process is of the run itself: it restores, or it is a worker, who is
given nothing to do meanwhile. Nobody else reaches the tables before they can be relied on: a
request that began before a crash would find no item, and write the first version of one."""
UNTIL_IDLE = "until-idle"
"""Asks `infra.importer` to end when there is nothing to import."""


class Readiness:
    """The file that is there as long as the tables can be relied on."""

    def __init__(self, file: Path | None) -> None:
        self.file = file

    @classmethod
    def of(cls, home: Path) -> "Readiness":
        """The one of a home folder."""
        return cls(home / "run" / "ready")

    @classmethod
    def from_environment(cls) -> "Readiness":
        """The one that this process was told; always ready where it was told none."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named) if named else None)

    def __bool__(self) -> bool:
        return self.file is None or self.file.exists()

    def declare(self) -> None:
        """Say that the tables can be relied on."""
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.touch()

    def withdraw(self) -> None:
        """Say that they cannot."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)
