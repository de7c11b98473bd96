"""Whether the camera does its work, for staff: a shopper goes on without it and tells nobody."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from frontend.words.languages import N_

BLIND = N_(
    "The camera sees nothing: it is dark or covered. Please choose your item here, and tell a "
    "member of staff."
)
"""What the shopper reads."""
NO_CAPTURE = N_("The camera gave no picture. Please choose your item, and tell a member of staff.")
STAFF_BLIND = N_("The camera of this kiosk sees nothing since {time}: it is dark or covered.")
STAFF_NO_CAPTURE = N_("The camera of this kiosk gives no picture since {time}.")
_FOR_STAFF = {BLIND: STAFF_BLIND, NO_CAPTURE: STAFF_NO_CAPTURE}

_log = logging.getLogger(__name__)


@dataclass
class CameraWatch:
    """What the camera's last picture was like; one for all pages of a kiosk."""

    since: datetime | None = None
    """Since when it is of no use; None while it is."""
    for_staff: str | None = None
    """What staff are told, with a place for the `{time}`: a message of the catalogues."""

    def trouble(self, message: str) -> None:
        """The camera was of no use, for the reason that the shopper was told: one of this module's
        messages."""
        told = _FOR_STAFF[message]
        if told != self.for_staff:
            self.since, self.for_staff = datetime.now(UTC), told
            _log.warning("The camera is of no use: %s", message)

    def well(self) -> None:
        """The camera has given a picture that shows something."""
        self.since = self.for_staff = None
