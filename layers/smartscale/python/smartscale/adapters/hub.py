"""The model hub, by its own client; `HF_ENDPOINT` and `HF_TOKEN` are read by that client.

Everything is kept under one folder: the client's cache, which resumes partial downloads and never
asks again for a complete file, and beside it each revision's list of files, so that a model that
was downloaded once can be imported again without the hub.
"""

import errno
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportProgress, ImportStep
from smartscale.importing.refusals import POINTER_BYTES, refuse_pointer
from smartscale.importing.repository import Listing, RepositoryFile
from smartscale.operations.ports.models import ReportProgress

Result = TypeVar("Result")

# The client writes in chunks of this size, and a broken connection loses one. Its default is 10 MB.
constants.DOWNLOAD_CHUNK_SIZE = 1_000_000

TRIES = 4
_TIMEOUT_S = 10.0
_FIRST_PAUSE_S = 1.0
_TOO_MANY, _SERVER_ERRORS = 429, 500
_SHA256 = re.compile(r"[0-9a-f]{64}")


class HuggingFaceHub:
    """Finds and downloads repositories.

    Args:
        cache: the folder that outlives this process.
        endpoint: the hub's address; None for the client's own, which is HF_ENDPOINT.
        pause: waits so many seconds between tries.
    """

    def __init__(
        self,
        cache: Path,
        endpoint: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cache = cache
        self._hub = endpoint or constants.ENDPOINT
        self._pause = pause

    def resolve(self, model_id: str, revision: str) -> Listing:
        """What a branch, tag or commit holds; a branch is looked up anew where the hub answers.

        Raises:
            ImportFailed: there is no such thing, it may not be read, or the hub does not answer and
                the cache does not know the revision.
        """
        known = self._remembered(model_id, revision)
        if known is not None and known.commit == revision:
            return known  # a commit never changes
        try:
            with _helpful(self._hub, model_id, revision):
                listing = self._again_and_again(lambda: self._ask(model_id, revision))
        except _OutOfReach as error:
            if known is not None:
                return known
            raise ImportFailed(str(error)) from error
        for name in (revision, listing.commit):
            self._remember(model_id, name, listing)
        return listing

    def download(
        self, model_id: str, commit: str, files: Sequence[RepositoryFile], report: ReportProgress
    ) -> Path:
        """Have the files of a commit in the cache.

        Returns:
            The folder with the files under their names in the repository.

        Raises:
            ImportFailed: the hub refuses, or does not answer for so long that nobody waits.
        """
        meter = _Meter(sum(file.size for file in files), report)
        folder = Path()
        # The smallest first: a pointer that was published in place of a file is found before
        # the large files are downloaded.
        for file in sorted(files, key=lambda file: file.size):
            meter.begin(file)
            try:
                with _helpful(self._hub, model_id, commit):
                    path = self._again_and_again(
                        partial(self._fetch, model_id, commit, file.name, meter)
                    )
            except _OutOfReach as error:
                raise ImportFailed(str(error)) from error
            with path.open("rb") as content:
                refuse_pointer(file.name, content.read(POINTER_BYTES))
            if path.stat().st_size != file.size:
                raise ImportFailed(
                    f"{file.name} has {path.stat().st_size} bytes where the hub announced "
                    f"{file.size}; it was published damaged."
                )
            folder = Path(str(path)[: -len(file.name)])
        return folder

    def _ask(self, model_id: str, revision: str) -> Listing:
        found = HfApi(self._hub).model_info(
            model_id, revision=revision, files_metadata=True, timeout=_TIMEOUT_S
        )
        licence = found.card_data.get("license") if found.card_data else ""
        commit = str(found.sha)
        return Listing(
            commit=commit,
            files=tuple(
                RepositoryFile(
                    name=file.rfilename,
                    size=self._size(model_id, commit, file.rfilename)
                    if file.size is None
                    else file.size,
                )
                for file in found.siblings or ()
            ),
            licence=licence if isinstance(licence, str) else ", ".join(licence or ()),
        )

    def _size(self, model_id: str, commit: str, name: str) -> int:
        """Ask for one file's size, for a hub (a mirror) that lists none."""
        url = hf_hub_url(model_id, name, revision=commit, endpoint=self._hub)
        return get_hf_file_metadata(url, timeout=_TIMEOUT_S).size or 0

    def _fetch(self, model_id: str, commit: str, name: str, meter: "_Meter") -> Path:
        meter.restart()
        try:
            path = Path(
                hf_hub_download(
                    model_id,
                    name,
                    revision=commit,
                    cache_dir=self._cache,
                    endpoint=self._hub,
                    tqdm_class=meter.bar,
                )
            )
        except RuntimeError as error:
            # huggingface_hub 1.16 closes its HTTP client when a connection is refused, and then
            # tries again with the closed one.
            if "client has been closed" not in str(error):
                raise
            raise httpx.ConnectError("the connection is refused") from error
        # The cache names large files by their hash, and the client does not compare it.
        blob = path.resolve()
        if _SHA256.fullmatch(blob.name) and _sha256(blob) != blob.name:
            path.unlink()
            blob.unlink()
            raise OSError(f"{name} was damaged on its way")
        return path

    def _again_and_again(self, work: Callable[[], Result]) -> Result:
        """Run a request again when the hub fails for a moment.

        The client itself does not retry a connection that breaks within a file; the next try
        resumes where the file ends.
        """
        for attempt in range(TRIES - 1):
            try:
                return work()
            except (LocalEntryNotFoundError, OfflineModeIsEnabled):
                raise  # the client has retried already, or must not
            except (httpx.TransportError, OSError) as error:
                if not _passes(error):
                    raise
            self._pause(_FIRST_PAUSE_S * 2**attempt)
        return work()

    def _remembered(self, model_id: str, revision: str) -> Listing | None:
        path = self._memory(model_id, revision)
        return Listing.model_validate_json(path.read_bytes()) if path.is_file() else None

    def _remember(self, model_id: str, revision: str, listing: Listing) -> None:
        path = self._memory(model_id, revision)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_text(listing.model_dump_json(), encoding="utf-8")
        half.replace(path)

    def _memory(self, model_id: str, revision: str) -> Path:
        names = (model_id, revision)
        owner, at = (name.replace("/", "--") for name in names)
        return self._cache / "listings" / owner / f"{at}.json"


class _OutOfReach(Exception):
    """The hub does not answer just now."""


class _Meter:
    """Counts downloaded bytes over all files; the client's progress bars report to it."""

    def __init__(self, total: int, report: ReportProgress) -> None:
        self._total = max(total, 1)
        self._report = report
        self._before = 0
        self._file = RepositoryFile(name="", size=0)
        self._done = 0
        meter = self

        class Bar:
            """Looks like a progress bar to the client."""

            def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
                meter.add(initial)

            def __enter__(self) -> "Bar":
                return self

            def __exit__(self, *_: object) -> None:
                """Nothing to close."""

            def update(self, count: float = 1) -> None:
                meter.add(int(count))

        self.bar: Any = Bar

    def begin(self, file: RepositoryFile) -> None:
        """The files before this one are complete."""
        self._before += self._file.size
        self._file = file
        self.restart()
        self.add(0)

    def restart(self) -> None:
        """This file is begun or resumed."""
        self._done = 0

    def add(self, count: int) -> None:
        """Count so many bytes more."""
        self._done += count
        so_far = min(self._before + self._done, self._total)
        self._report(
            ImportProgress(
                step=ImportStep.DOWNLOADING,
                percent=100 * so_far // self._total,
                detail=f"{self._file.name}, {so_far / 1e6:.0f} of {self._total / 1e6:.0f} MB",
            )
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _passes(error: Exception) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return status == _TOO_MANY or status >= _SERVER_ERRORS
    return getattr(error, "errno", None) not in {errno.ENOSPC, errno.EACCES, errno.EROFS}


@contextmanager
def _helpful(hub: str, model_id: str, revision: str) -> Iterator[None]:
    """Turn what the client raises into a sentence that says what would be right."""
    try:
        yield
    except GatedRepoError as error:
        raise ImportFailed(
            f"{model_id} is gated: accept its terms on {hub}, and set HF_TOKEN to a token of that "
            "account."
        ) from error
    except RepositoryNotFoundError as error:
        raise ImportFailed(
            f"There is no model {model_id} on {hub}, or it is private: check the name, or set "
            "HF_TOKEN to a token that may read it."
        ) from error
    except RevisionNotFoundError as error:
        raise ImportFailed(
            f"{model_id} has no branch, tag or commit {revision!r}; its branch is mostly main."
        ) from error
    except RemoteEntryNotFoundError as error:
        raise ImportFailed(
            f"{hub} lists a file of {model_id} that it does not have; publish the model anew."
        ) from error
    except HFValidationError as error:
        raise ImportFailed(f"{model_id!r} is no repository's name: give OWNER/NAME.") from error
    except ValueError as error:
        raise ImportFailed(f"{hub} does not answer like a model hub: check HF_ENDPOINT.") from error
    except HfHubHTTPError as error:
        raise _of_status(error, hub, model_id) from error
    except LocalEntryNotFoundError as error:
        cause = error.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise _of_status(cause, hub, model_id) from error
        raise _OutOfReach(_out_of_reach(hub, cause or error)) from error
    except (OfflineModeIsEnabled, httpx.TransportError) as error:
        raise _OutOfReach(_out_of_reach(hub, error)) from error
    except OSError as error:
        raise ImportFailed(f"The model cannot be kept in the cache: {error}") from error


def _of_status(error: HfHubHTTPError, hub: str, model_id: str) -> Exception:
    status = error.response.status_code
    if status == httpx.codes.UNAUTHORIZED:
        return ImportFailed(f"{hub} does not take HF_TOKEN (401): set a valid token, or none.")
    if status == httpx.codes.FORBIDDEN:
        return ImportFailed(
            f"HF_TOKEN may not read {model_id} (403): give the token that right on {hub}."
        )
    if status == _TOO_MANY:
        return _OutOfReach(
            f"{hub} asks to slow down (429): wait some minutes, then ask for the model again; with "
            "HF_TOKEN more is allowed."
        )
    if status >= _SERVER_ERRORS:
        return _OutOfReach(
            f"{hub} has trouble of its own ({status}): ask for the model again later; what was "
            "downloaded is kept."
        )
    return ImportFailed(f"{hub} refuses {model_id} ({status}): {error.server_message or error}")


def _out_of_reach(hub: str, error: BaseException) -> str:
    what = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"{hub} is out of reach ({what}): check the network or HF_ENDPOINT, then "
        "ask for the model again; what was downloaded is kept."
    )
