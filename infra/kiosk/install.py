"""Writes what a kiosk consists of below a root, and takes it away again.

What was written is noted in a manifest, with what stood there before: so installing twice changes
nothing, another version's files go when they are no longer wanted, and uninstalling leaves the
machine as it was.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from infra.errors import PlainError
from infra.kiosk.plan import File, Link

_MANIFEST = "/etc/smartscale/installed.json"


class Manifest(BaseModel):
    """What was written."""

    paths: list[str] = []
    """Files and links."""
    folders: list[str] = []
    """Folders that were not there before."""
    replaced: dict[str, str] = {}
    """Where links led before."""


class Installed:
    """The kiosk's files on one machine.

    Args:
        root: what they are written below: `/`, or the folder of an image.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = self.at(_MANIFEST)
        self.manifest = self._read()

    def at(self, path: str) -> Path:
        """Where a path of the machine is."""
        return self._root / path.lstrip("/")

    def write(self, wanted: Sequence[File | Link]) -> list[str]:
        """Write what differs, and remove what is wanted no longer; the paths that changed.

        Raises:
            PlainError: something else is in the way.
        """
        before = self.manifest.model_copy(deep=True)
        changed = [one.path for one in wanted if self._put(one)]
        ours = [one.path for one in wanted if not (isinstance(one, File) and one.is_kept)]
        for path in [path for path in self.manifest.paths if path not in ours]:
            self._remove(path)
            changed.append(path)
        self.manifest.paths = ours
        if self.manifest != before:
            self._make_folder(self._file.parent)
            self._file.write_text(self.manifest.model_dump_json(indent=2) + "\n", "utf-8")
        return changed

    def remove(self) -> list[str]:
        """Take everything away but what is the shop's; the paths that were removed."""
        removed = list(self.manifest.paths)
        for path in removed:
            self._remove(path)
        self._file.unlink(missing_ok=True)
        for folder in reversed(self.manifest.folders):
            with suppress(OSError):  # somebody else has put something there
                self.at(folder).rmdir()
        self.manifest = Manifest()
        return removed

    def _put(self, wanted: File | Link) -> bool:
        place = self.at(wanted.path)
        if isinstance(wanted, Link):
            was = str(place.readlink()) if place.is_symlink() else None
            if was == wanted.to:
                return False
            if was is None and place.exists():
                raise PlainError(
                    f"{wanted.path} is a file of somebody else's, where a link belongs: "
                    "move it away first"
                )
            if was is not None and wanted.path not in self.manifest.paths:
                self.manifest.replaced[wanted.path] = was
            self._make_folder(place.parent)
            place.unlink(missing_ok=True)
            place.symlink_to(wanted.to)
            return True
        if place.is_file() and (wanted.is_kept or self._is_as(place, wanted)):
            return False
        self._make_folder(place.parent)
        new = place.with_name(f"{place.name}.new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(wanted.text, "utf-8")
        new.chmod(wanted.mode)
        new.replace(place)
        return True

    def _is_as(self, place: Path, wanted: File) -> bool:
        same_mode = place.stat().st_mode & 0o777 == wanted.mode
        return same_mode and place.read_bytes() == wanted.text.encode()

    def _remove(self, path: str) -> None:
        place = self.at(path)
        place.unlink(missing_ok=True)
        was = self.manifest.replaced.pop(path, None)
        if was is not None:
            place.symlink_to(was)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)  # whatever the umask is
        self.manifest.folders.append("/" + str(folder.relative_to(self._root)))

    def _read(self) -> Manifest:
        try:
            return Manifest.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return Manifest()
        except (ValidationError, PermissionError) as error:
            raise PlainError(f"{self._file} cannot be read: {error}") from error
