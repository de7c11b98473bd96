"""The oldest pictures make room on a disk that is nearly full; no other object does."""

from infra.expiry import make_room
from infra.space import Room
from tests.shop import Shop


def weigh(shop: Shop, count: int) -> list[str]:
    """Weighings with an outcome, the oldest first."""
    job_ids = []
    for _ in range(count):
        shop.clock.advance(seconds=1)
        job_ids.append(shop.upload({"weight-kg": "1.000"}))
        shop.recognise(job_ids[-1])
    return job_ids


def test_the_oldest_answered_pictures_go_until_there_is_room() -> None:
    shop = Shop()
    pending = shop.upload({"weight-kg": "1.000"})
    shop.queue.messages.clear()
    answered = weigh(shop, 150)
    rooms = iter([Room.NONE, Room.ENOUGH])
    recorded = dict(shop.ledger.events)
    deleted = make_room(shop.uploads, shop.weighings, shop.uploads.objects.pop, lambda: next(rooms))
    left = {upload.job_id for upload in shop.uploads.since(None)}
    assert deleted == 99  # of the first hundred one has no outcome
    assert left == {pending, *answered[99:]}
    assert shop.ledger.events == recorded


def test_where_no_picture_is_left_it_ends() -> None:
    shop = Shop()
    weigh(shop, 3)
    assert make_room(shop.uploads, shop.weighings, shop.uploads.objects.pop, lambda: Room.NONE) == 3
