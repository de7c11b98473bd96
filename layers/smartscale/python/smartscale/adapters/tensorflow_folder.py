"""TensorFlow in a folder of its own, fetched when a model first needs it: it is 2 GB."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportProgress, ImportStep
from smartscale.operations.ports.models import ReportProgress

_ABOUT_MB = 2300
"""What TensorFlow and what it needs take on disk, for the share that is fetched."""
_MB = 1_000_000
_INTERVAL_S = 1.0
# What decides how packages are fetched. Nothing of ours: no credentials of AWS or the hub.
_KEPT = re.compile(
    r"PATH|HOME|LANG|LC_ALL|TMPDIR|(UV|PIP|SSL|REQUESTS|CURL)_.*|(https?|all|no)_proxy"
)


class TensorFlowFolder:
    """Where TensorFlow is for the process that converts.

    Args:
        cache: the folder that it is fetched into, kept from one import to the next.
        requirements: what to fetch, with versions and hashes.
        about_mb: how much that is on disk.
    """

    def __init__(self, cache: Path, requirements: Path, about_mb: int = _ABOUT_MB) -> None:
        self._requirements = requirements
        self._about_mb = about_mb
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        wanted = hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()
        self._folder = cache / f"tensorflow-{wanted[:12]}"

    def ready(self, report: ReportProgress) -> Path | None:
        """The folder to import it from, fetched first where it is not there; None: installed.

        Raises:
            ImportFailed: it cannot be fetched.
        """
        if importlib.util.find_spec("tensorflow") is not None:
            return None
        if not self._folder.exists():
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            # Beside it and renamed as a whole: what a killed import leaves is never taken for it.
            scratch = Path(tempfile.mkdtemp(prefix="fetching-", dir=self._folder.parent))
            try:
                self._fetch(scratch, report)
                self._keep(scratch / "packages")
            finally:
                shutil.rmtree(scratch)
        return self._folder

    def _keep(self, packages: Path) -> None:
        try:
            packages.rename(self._folder)
        except OSError:
            if not self._folder.exists():  # else another import was as far before
                raise

    def _fetch(self, scratch: Path, report: ReportProgress) -> None:
        command = [*_uv(), "pip", "install", "--quiet", "--python", sys.executable]
        command += ["--target", str(scratch / "packages")]
        command += ["--require-hashes", "--requirement", str(self._requirements)]
        # In one place with the folder, so that files are moved and not copied, and are all counted.
        environment = {name: value for name, value in os.environ.items() if _keeps(name)}
        environment["UV_CACHE_DIR"] = str(scratch / "cache")
        log = scratch / "log"
        with log.open("w") as out:
            process = subprocess.Popen(  # noqa: S603  our own interpreter and arguments
                command, env=environment, stdout=out, stderr=out, process_group=0
            )
        try:
            while process.poll() is None:
                report(self._progress(scratch))
                time.sleep(_INTERVAL_S)
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise ImportFailed(
                "This model needs TensorFlow, which cannot be fetched from the package index "
                f"({said[-1].strip(' ×╰─▶├')}): connect this machine to the internet and ask for "
                "the model again, or choose a TFLite file, which needs none."
            )

    def _progress(self, scratch: Path) -> ImportProgress:
        # A file that is linked in two places is one on the disk.
        sizes = {found.st_ino: found.st_size for found in _files(scratch)}
        done = sum(sizes.values()) // _MB
        return ImportProgress(
            step=ImportStep.PREPARING,
            percent=min(99, 100 * done // self._about_mb),
            detail=f"TensorFlow, once: {done} of about {self._about_mb} MB",
        )


def _uv() -> list[str]:
    """The command that fetches: the Makefile's, the machine's, or a package of this environment."""
    bootstrapped = Path(sys.prefix).parent / ".tools" / "uv" / "bin" / "uv"
    found = str(bootstrapped) if bootstrapped.exists() else shutil.which("uv")
    return [sys.executable, "-m", "uv"] if found is None else [found]


def _files(folder: Path) -> list[os.stat_result]:
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found.append(os.lstat(os.path.join(place, name)))  # noqa: PTH118  thousands a second
            except FileNotFoundError:  # moved meanwhile
                continue
    return found


def _keeps(name: str) -> bool:
    return _KEPT.fullmatch(name) is not None or _KEPT.fullmatch(name.lower()) is not None
