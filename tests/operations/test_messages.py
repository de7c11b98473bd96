"""What the queue may hold: recorded shapes of S3's messages, our own, and rubbish."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import Unprocessable
from smartscale.domain.upload import is_upload
from smartscale.operations.messages import (
    WAKE_UP,
    Arrival,
    Arrivals,
    WakeUp,
    arrival_message,
    parse,
)

S3_EVENT = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "eu-central-1",
            "eventTime": "2026-11-25T08:30:00.123Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AWS:AROA"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "uploads",
                "bucket": {"name": "data", "arn": "arn:aws:s3:::data"},
                "object": {
                    "key": "uploads/camera+7/%C3%A4pfel%2B1.jpg",
                    "size": 1024,
                    "eTag": "0123456789abcdef0123456789abcdef",
                    "sequencer": "0A1B2C3D4E5F678901",
                },
            },
        }
    ]
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""


def test_an_s3_event_names_its_object() -> None:
    assert parse(json.dumps(S3_EVENT)) == Arrivals(
        (
            Arrival(
                key="uploads/camera 7/äpfel+1.jpg",
                etag="0123456789abcdef0123456789abcdef",
                at=datetime(2026, 11, 25, 8, 30, 0, 123000, tzinfo=UTC),
            ),
        )
    )


def test_s3s_test_event_and_a_wake_up_tell_of_no_object() -> None:
    test_event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "data"}
    assert parse(json.dumps(test_event)) == Arrivals(())
    assert parse(WAKE_UP) == WakeUp()


@given(
    st.text(min_size=1).filter(is_upload),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_our_own_message_reads_like_s3s(key: str, at: datetime | None) -> None:
    arrival = Arrival(key, "etag", at)
    assert parse(arrival_message("data", arrival)) == Arrivals((arrival,))


@pytest.mark.parametrize(
    "key",
    [
        *("uploads/", "uploads/till/", "uploads/.DS_Store", "uploads/till/._pear.jpg"),
        *("uploads/Thumbs.db", "uploads/desktop.ini", "uploads/__MACOSX/pear.jpg"),
    ],
)
def test_what_systems_strew_into_folders_is_no_arrival(key: str) -> None:
    assert parse(arrival_message("data", Arrival(key))) == Arrivals(())


RUBBISH = [
    *("", "no json", "[]", "1", "null", '"wake"', "{}"),
    *('{"Records": [{}]}', '{"lesson": 5}', '{"announce": {}}'),
]


@pytest.mark.parametrize("body", RUBBISH)
def test_rubbish_is_no_use_retrying(body: str) -> None:
    with pytest.raises(Unprocessable):
        parse(body)
