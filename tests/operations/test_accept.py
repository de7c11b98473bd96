"""What is taken in, and that it is taken in once."""

from datetime import timedelta

import pytest

from smartscale.domain.errors import InvalidInput, TooLarge
from smartscale.domain.job_id import job_time, new_job_id
from smartscale.domain.load import Load
from smartscale.domain.upload import direct_upload_key, upload_key
from smartscale.operations.weighing.accept import Accept
from smartscale.recognition.photo import CorruptImage, TooManyPixels, UnsupportedImage
from tests.examples import NOW, picture, too_large
from tests.fakes import Clock, FakeIdempotencyKeys, FakeUploads

LOAD = Load.parse("0.500", "0.020", "2")


@pytest.fixture
def uploads() -> FakeUploads:
    return FakeUploads()


@pytest.fixture
def accept(uploads: FakeUploads) -> Accept:
    return Accept(uploads, FakeIdempotencyKeys(), Clock(), max_image_bytes=100_000)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_stored_with_its_load(
    accept: Accept, uploads: FakeUploads, image_format: str
) -> None:
    job_id = accept.image(picture(image_format), LOAD, "till-1")
    upload, body = uploads.read(upload_key(job_id))
    assert body == picture(image_format)
    assert (upload.job_id, upload.scale_id, upload.load()) == (job_id, "till-1", LOAD)
    assert uploads.media_types[upload.key] == f"image/{image_format.lower()}"


@pytest.mark.parametrize(
    ("image", "refusal"),
    [
        (b"not a picture", UnsupportedImage),
        (b"", UnsupportedImage),
        (b"GIF89a", UnsupportedImage),
        (picture()[:-200], CorruptImage),
        (too_large(), TooManyPixels),
        (b"\xff" * 100_001, TooLarge),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    accept: Accept, uploads: FakeUploads, image: bytes, refusal: type[Exception]
) -> None:
    if len(image) > 100_000 and refusal is TooManyPixels:
        accept.max_image_bytes = len(image)
    with pytest.raises(refusal):
        accept.image(image, LOAD, "till-1")
    assert uploads.objects == {}


def test_the_same_key_is_the_same_weighing(accept: Accept, uploads: FakeUploads) -> None:
    first = accept.image(picture(), LOAD, "till-1", "key-1")
    assert accept.image(picture(), LOAD, "till-1", "key-1") == first
    assert accept.image(picture(), LOAD, "till-1", "key-2") != first
    assert len(uploads.objects) == 2


def test_a_key_stands_for_one_request(accept: Accept) -> None:
    accept.image(picture(), LOAD, "till-1", "key-1")
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        accept.image(picture(), Load.parse("0.600"), "till-1", "key-1")
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        accept.image(picture("PNG"), LOAD, "till-1", "key-1")
    with pytest.raises(InvalidInput, match="255"):
        accept.image(picture(), LOAD, "till-1", "k" * 256)


def test_a_retry_after_a_crash_stores_the_picture(accept: Accept, uploads: FakeUploads) -> None:
    job_id = accept.image(picture(), LOAD, "till-1", "key-1")
    uploads.objects.clear()  # the crash came after the key and before the picture
    assert accept.image(picture(), LOAD, "till-1", "key-1") == job_id
    assert upload_key(job_id) in uploads.objects


def test_a_key_that_is_an_id_of_now_is_the_weighings_own_and_takes_no_record(
    uploads: FakeUploads,
) -> None:
    keys = FakeIdempotencyKeys()
    accept = Accept(uploads, keys, Clock())
    key = new_job_id(NOW - timedelta(seconds=2))
    assert accept.image(picture(), LOAD, "till-1", key) == key
    assert accept.image(picture(), LOAD, "till-1", key) == key
    assert (list(uploads.objects), keys.claims) == ([upload_key(key)], {})
    upload, _ = uploads.read(upload_key(key))
    assert (upload.job_id, upload.load()) == (key, LOAD)
    for image, load in ((picture("PNG"), LOAD), (picture(), Load.parse("0.600"))):
        with pytest.raises(InvalidInput, match="another picture or weight"):
            accept.image(image, load, "till-1", key)
    with pytest.raises(InvalidInput, match="another picture or weight"):
        accept.without_picture(LOAD, "till-1", key)


@pytest.mark.parametrize("ahead", [timedelta(days=-3), timedelta(minutes=-2), timedelta(hours=1)])
def test_an_id_of_another_time_is_a_key_like_any_other(
    accept: Accept, uploads: FakeUploads, ahead: timedelta
) -> None:
    """Whoever chose it could choose the prices of that time."""
    key = new_job_id(NOW + ahead)
    job_id = accept.image(picture(), LOAD, "till-1", key)
    assert job_time(job_id) == NOW
    assert accept.image(picture(), LOAD, "till-1", key) == job_id
    assert list(uploads.objects) == [upload_key(job_id)]


def test_a_weighing_that_is_sent_again_much_later_is_the_same(uploads: FakeUploads) -> None:
    clock = Clock()
    accept = Accept(uploads, FakeIdempotencyKeys(), clock)
    key = new_job_id(clock())
    accept.image(picture(), LOAD, "till-1", key)
    clock.advance(hours=2)
    assert accept.image(picture(), LOAD, "till-1", key, clock() - timedelta(hours=2)) == key
    assert list(uploads.objects) == [upload_key(key)]


def test_a_direct_upload_is_limited(accept: Accept) -> None:
    upload = accept.presign(LOAD, "till-1", "image/png")
    assert upload.post.fields["key"] == direct_upload_key(upload.job_id)
    assert upload.post.fields["max"] == "10000000"
    assert upload.post.fields["weight-kg"] == "0.500"
    with pytest.raises(UnsupportedImage, match="image/webp"):
        accept.presign(LOAD, "till-1", "text/plain")


def test_a_scale_that_was_cut_off_says_when_it_weighed(accept: Accept) -> None:
    weighed_at = NOW - timedelta(days=3)
    job_id = accept.image(picture(), LOAD, "till-1", "key", weighed_at)
    assert job_time(job_id) == weighed_at
    assert accept.image(picture(), LOAD, "till-1", "key") == job_id
    own = new_job_id(NOW)
    assert job_time(accept.image(picture(), LOAD, "till-1", own, weighed_at)) == weighed_at
    ahead = accept.image(picture(), LOAD, "till-1", weighed_at=NOW + timedelta(hours=2))
    assert job_time(ahead) == NOW, "its clock was ahead"
    with pytest.raises(InvalidInput, match="31 days"):
        accept.image(picture(), LOAD, "till-1", weighed_at=NOW - timedelta(days=32))
