"""Room on the disk: watched before there is none, so that what is acknowledged can be written.

Pictures are refused while a reserve is left, which is the ledger's: what is under way comes to its
end, and prices and confirmations are still taken.
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from smartscale.contract.health import DiskHealth

MIN_RESERVE_BYTES = 50_000_000
MAX_RESERVE_SHARE = 0.1
"""Of a small disk; on it the reserve is smaller."""
RESERVE_FILES = 1000
SCARCE_TIMES = 4
"""Below so many reserves old pictures go before their time."""


class Room(StrEnum):
    """How much room is left; the texts are what `/health` says."""

    ENOUGH = "ok"
    SCARCE = "nearly full"
    NONE = "full: no more pictures are taken"
    READ_ONLY = "read-only: nothing can be stored"

    @property
    def refused_because(self) -> str | None:
        """Why a picture is not taken, in a sentence; None where it is."""
        match self:
            case Room.NONE:
                return (
                    "The disk of the service is full, so the picture was not stored and nothing "
                    "was charged: free some space there, and try again."
                )
            case Room.READ_ONLY:
                return (
                    "The disk of the service is read-only, so nothing was stored or charged: look "
                    "at the disk, make it writable, and try again."
                )
            case _:
                return None


@dataclass(frozen=True)
class Space:
    """The disk that a folder is on."""

    folder: Path

    def left(self) -> DiskHealth:
        """How much is left, in figures."""
        disk = os.statvfs(self.folder)
        return DiskHealth(
            bytes_left=disk.f_bavail * disk.f_frsize,
            files_left=disk.f_favail if disk.f_files else None,
        )

    def room(self) -> Room:
        """How much is left."""
        disk = os.statvfs(self.folder)
        if disk.f_flag & os.ST_RDONLY:
            return Room.READ_ONLY
        size, left = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
        reserve = min(MIN_RESERVE_BYTES, int(size * MAX_RESERVE_SHARE))
        # Some file systems have no fixed number of files, and say 0.
        files = disk.f_favail if disk.f_files else None
        reserved_files = min(RESERVE_FILES, int(disk.f_files * MAX_RESERVE_SHARE))
        if left < reserve or (files is not None and files < reserved_files):
            return Room.NONE
        if left < SCARCE_TIMES * reserve or (
            files is not None and files < SCARCE_TIMES * reserved_files
        ):
            return Room.SCARCE
        return Room.ENOUGH
