"""What others put into the bucket is moved: nobody replaces it, and it says nothing else."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from smartscale.domain.errors import Unprocessable
from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import direct_upload_key, evidence_key, upload_key
from smartscale.domain.weighing import Status
from smartscale.operations.messages import Arrival
from smartscale.operations.ports.uploads import picture_key
from smartscale.operations.weighing.evidence import read_evidence
from smartscale.operations.weighing.history import History
from tests.examples import NOW, picture
from tests.shop import Shop

SAID = {"weight-kg": "1.000", "scale-id": "till-1"}
DROPPED = "uploads/till-7/bananas.jpg"


@pytest.fixture
def shop() -> Shop:
    return Shop()


def telling(colour: str = "goldenrod") -> bytes:
    """A picture held sideways that says whose it is."""
    exif = Image.Exif()
    exif[0x010F] = "Nobody's business"
    exif[0x0112] = 6
    return picture(colour=colour, exif=exif)


def put(shop: Shop, key: str, image: bytes) -> Arrival:
    shop.uploads.put(key, image, "image/jpeg", SAID)
    return Arrival(key, shop.uploads.objects[key][0].etag, shop.clock())


KEYS = [DROPPED, direct_upload_key(new_job_id(NOW)), upload_key(new_job_id(NOW))]


@pytest.mark.parametrize("key", KEYS, ids=["dropped", "direct", "sent"])
def test_no_stored_picture_keeps_its_metadata(shop: Shop, key: str) -> None:
    shop.deliver(put(shop, key, telling()))
    [(kept, (upload, image))] = shop.uploads.objects.items()
    [weighing] = shop.weighings.rows.values()
    assert kept == evidence_key(weighing.job_id) == picture_key(shop.uploads, weighing)
    assert weighing.upload_key == key, "by that its sender knows it"
    assert weighing.status is Status.DONE
    assert b"business" not in image
    assert Image.open(io.BytesIO(image)).size == (48, 64)
    assert upload.load() == weighing.load


@pytest.mark.parametrize("key", KEYS, ids=["dropped", "direct", "sent"])
def test_a_message_that_comes_again_finds_what_was_moved(shop: Shop, key: str) -> None:
    arrival = put(shop, key, telling())
    shop.deliver(arrival)
    rows = dict(shop.weighings.rows)
    assert shop.deliver(arrival) == []
    shop.deliver(replace(arrival, again=True))
    assert shop.weighings.rows == rows
    shop.weighings.rows.clear()  # its worker died after moving it
    shop.deliver(replace(arrival, again=True))
    assert shop.weighings.rows.keys() == rows.keys()


def test_a_form_that_is_posted_again_replaces_no_evidence(shop: Shop) -> None:
    job_id = new_job_id(NOW)
    key = direct_upload_key(job_id)
    shop.deliver(put(shop, key, telling()))
    first = shop.uploads.objects[evidence_key(job_id)]
    shop.deliver(put(shop, key, telling("red")))
    assert shop.uploads.objects == {evidence_key(job_id): first}
    history = History(shop.weighings, shop.ledger, shop.uploads, shop.clock)
    shown = Image.open(io.BytesIO(history.picture(job_id, 64)))
    assert np.asarray(shown)[..., 1].mean() > 100, "it is shown as it was recognised"


def test_an_object_written_anew_is_a_new_weighing_and_stays(shop: Shop) -> None:
    put(shop, DROPPED, telling())
    old, _ = shop.uploads.objects[DROPPED]
    shop.clock.advance(seconds=2)
    put(shop, DROPPED, telling("red"))
    shop.uploads.move(old, telling(), "image/jpeg", SAID)  # the first one's worker is slow
    assert DROPPED in shop.uploads.objects
    shop.deliver(Arrival(DROPPED, shop.uploads.objects[DROPPED][0].etag, shop.clock()))
    assert DROPPED not in shop.uploads.objects
    assert len(shop.uploads.objects) == 2


def test_what_cannot_be_weighed_keeps_no_metadata_either(shop: Shop) -> None:
    shop.uploads.put(DROPPED, telling(), "image/jpeg", {"scale-id": "till-1"})
    arrival = Arrival(DROPPED, shop.uploads.objects[DROPPED][0].etag, shop.clock())
    with pytest.raises(Unprocessable, match="weight") as refused:
        shop.deliver(arrival)
    shop.fail.process(arrival, str(refused.value))
    [weighing] = shop.weighings.rows.values()
    assert weighing.status is Status.FAILED
    assert list(shop.uploads.objects) == [picture_key(shop.uploads, weighing)]


def test_the_apis_own_picture_stays_where_it_is(shop: Shop) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)
    assert list(shop.uploads.objects) == [upload_key(job_id)]


def test_a_file_that_is_no_picture_stays_as_it_came(shop: Shop) -> None:
    arrival = put(shop, DROPPED, b"no picture")
    _, image = read_evidence(shop.uploads, arrival)
    assert (image, list(shop.uploads.objects)) == (b"no picture", [DROPPED])
