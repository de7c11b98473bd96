"""The shop's time zone as API, commands and kiosk read it from their environment."""

from datetime import tzinfo
from typing import Annotated

from pydantic import PlainValidator

from smartscale.domain import moments
from smartscale.domain.errors import InvalidInput


def _zone(value: object) -> tzinfo:
    try:
        return moments.time_zone(str(value))
    except InvalidInput as error:
        raise ValueError(str(error)) from error


TimeZone = Annotated[tzinfo, PlainValidator(_zone)]
"""A setting that holds a name of IANA's, such as `Europe/Berlin`."""
