"""The real client against the stand-in hub: what is asked for, kept, and said when it fails."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from smartscale.adapters.hub import TRIES, HuggingFaceHub
from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportProgress
from tests.hub.server import StandInHub

MODEL = "Adriana213/vgg16-fruit-classifier"
LARGE = bytes(range(256)) * 400


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small model's files."""
    folder = tmp_path / "repository"
    (folder / "variables").mkdir(parents=True)
    (folder / "class_labels.json").write_text('["Apple"]')
    (folder / "variables" / "variables.data").write_bytes(LARGE)
    return folder


class Site:
    """The adapter and what it said."""

    def __init__(self, hub: StandInHub, cache: Path) -> None:
        self.hub = hub
        self.said: list[ImportProgress] = []
        self.pauses: list[float] = []
        self.adapter = HuggingFaceHub(cache, hub.url, self.pauses.append)

    def fetch(self, revision: str = "main", model: str = MODEL) -> Path:
        """Resolve and download everything."""
        listing = self.adapter.resolve(model, revision)
        return self.adapter.download(model, listing.commit, listing.files, self.said.append)


@pytest.fixture
def site(hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A client with an empty cache, whose own pauses between tries take no time."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    patient = SimpleNamespace(sleep=lambda _: None)
    monkeypatch.setattr("huggingface_hub.utils._http.time", patient)
    # What it writes at once, and so what is kept when a connection breaks.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    return Site(hub, tmp_path / "cache")


def test_a_branch_a_tag_and_a_commit_are_found(
    site: Site, hub: StandInHub, repository: Path, tmp_path: Path
) -> None:
    first = hub.publish(MODEL, repository, licence="apache-2.0")
    later = Path(shutil.copytree(repository, tmp_path / "later"))
    (later / "class_labels.json").write_text('["Pear"]')
    second = hub.publish(MODEL, later)
    hub.repositories[MODEL].refs["v1"] = first
    assert site.adapter.resolve(MODEL, "main").commit == second
    for revision in ("v1", first):
        listing = site.adapter.resolve(MODEL, revision)
        assert (listing.commit, listing.licence) == (first, "apache-2.0")
    folder = site.fetch("v1")
    assert (folder / "class_labels.json").read_text() == '["Apple"]'
    assert (folder / "variables" / "variables.data").read_bytes() == LARGE


def test_nothing_is_downloaded_twice_not_even_by_another_process_or_without_the_hub(
    site: Site, hub: StandInHub, repository: Path, tmp_path: Path
) -> None:
    hub.publish(MODEL, repository)
    site.fetch()
    count = len(hub.downloaded())
    assert count == 2
    Site(hub, tmp_path / "cache").fetch()
    assert len(hub.downloaded()) == count
    hub.stop()
    folder = Site(hub, tmp_path / "cache").fetch()
    assert (folder / "variables" / "variables.data").read_bytes() == LARGE


def test_a_connection_that_breaks_is_gone_on_with_where_it_broke(
    site: Site, hub: StandInHub, repository: Path
) -> None:
    hub.publish(MODEL, repository)
    hub.cut("/large/", after=60_000)
    folder = site.fetch()
    assert (folder / "variables" / "variables.data").read_bytes() == LARGE
    ranges = [asked[2] for asked in hub.downloaded("/large/")]
    assert ranges[0] is None
    assert ranges[1] is not None
    assert ranges[1].startswith("bytes=")
    assert len(site.pauses) == 1


def test_progress_goes_from_nothing_to_everything(
    site: Site, hub: StandInHub, repository: Path
) -> None:
    hub.publish(MODEL, repository)
    site.fetch()
    percents = [progress.percent for progress in site.said]
    assert (percents[0], percents[-1]) == (0, 100)
    assert percents == sorted(percents)


def test_what_is_raised_while_progress_is_told_ends_the_download(
    site: Site, hub: StandInHub, repository: Path
) -> None:
    class Enough(Exception):
        pass

    def say(_: ImportProgress) -> None:
        raise Enough

    hub.publish(MODEL, repository)
    listing = site.adapter.resolve(MODEL, "main")
    with pytest.raises(Enough):
        site.adapter.download(MODEL, listing.commit, listing.files, say)


def test_a_hub_that_is_gone_in_the_middle_is_waited_for_a_while_and_gone_on_with_later(
    site: Site, hub: StandInHub, repository: Path
) -> None:
    hub.publish(MODEL, repository)
    listing = site.adapter.resolve(MODEL, "main")

    def disappear(progress: ImportProgress) -> None:
        if progress.percent > 0:
            hub.stop()

    hub.cut("/large/", after=60_000, times=TRIES)
    with pytest.raises(ImportFailed, match=r"out of reach.*what was downloaded is kept"):
        site.adapter.download(MODEL, listing.commit, listing.files, disappear)
    hub.start()
    site.hub.asked.clear()
    folder = site.fetch()
    assert (folder / "variables" / "variables.data").read_bytes() == LARGE


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_stumbles_is_asked_again(
    site: Site, hub: StandInHub, repository: Path, status: int
) -> None:
    hub.publish(MODEL, repository)
    hub.fail("/api/models/", status)
    hub.fail("/resolve/", status)
    site.fetch()
    assert site.said[-1].percent == 100


@pytest.mark.parametrize(
    ("status", "saying"), [(429, "slow down"), (500, "trouble of its own"), (403, "may not read")]
)
def test_a_hub_that_does_not_recover_is_described(
    site: Site, hub: StandInHub, repository: Path, status: int, saying: str
) -> None:
    hub.publish(MODEL, repository)
    hub.fail("/api/models/", status, times=100)
    with pytest.raises(ImportFailed, match=saying):
        site.fetch()
    assert len(hub.asked) <= TRIES


def test_who_may_not_read_is_told_what_to_do(
    site: Site, hub: StandInHub, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.publish("me/private", repository, token="hf_right")
    hub.publish("me/gated", repository, gated=True)
    with pytest.raises(ImportFailed, match=r"no model me/nothing .*HF_TOKEN"):
        site.fetch(model="me/nothing")
    with pytest.raises(ImportFailed, match=r"private.*HF_TOKEN"):
        site.fetch(model="me/private")
    with pytest.raises(ImportFailed, match="gated: accept its terms"):
        site.fetch(model="me/gated")
    with pytest.raises(ImportFailed, match="no branch, tag or commit 'v9'"):
        hub.publish(MODEL, repository)
        site.fetch("v9")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(ImportFailed, match="does not take HF_TOKEN"):
        site.fetch(model="me/private")
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert site.fetch(model="me/private").is_dir()


def test_a_file_that_was_damaged_on_its_way_is_fetched_again(
    site: Site, hub: StandInHub, repository: Path, tmp_path: Path
) -> None:
    hub.publish(MODEL, repository)
    folder = site.fetch()
    blob = (folder / "variables" / "variables.data").resolve()
    blob.write_bytes(LARGE[:-1] + b"?")
    again = Site(hub, tmp_path / "cache").fetch()
    assert (again / "variables" / "variables.data").read_bytes() == LARGE


def test_a_hub_that_lists_no_sizes_is_asked_for_each(
    site: Site, hub: StandInHub, repository: Path
) -> None:
    hub.publish(MODEL, repository, lists_sizes=False)
    listing = site.adapter.resolve(MODEL, "main")
    assert {file.name: file.size for file in listing.files} == {
        "class_labels.json": 9,
        "variables/variables.data": len(LARGE),
    }
    assert (site.fetch() / "variables" / "variables.data").read_bytes() == LARGE


def test_a_file_of_another_size_than_announced_is_refused(
    site: Site, hub: StandInHub, repository: Path
) -> None:
    hub.publish(MODEL, repository, announced={"variables/variables.data": 10})
    with pytest.raises(ImportFailed, match="published damaged"):
        site.fetch()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 2147483648\n"


@pytest.mark.parametrize("announced", [len(POINTER), 2_147_483_648])
def test_a_pointer_to_a_file_is_refused_before_anything_large_is_downloaded(
    site: Site, hub: StandInHub, repository: Path, announced: int
) -> None:
    (repository / "saved_model.pb").write_bytes(POINTER)
    hub.publish(MODEL, repository, announced={"saved_model.pb": announced})
    with pytest.raises(ImportFailed, match=r"saved_model\.pb is a Git LFS pointer"):
        site.fetch()
    if announced == len(POINTER):
        assert not any("variables.data" in path for _, path, _ in hub.asked)
