"""Writes what other systems read of us, the API and the event: `python -m infra.schemas`."""

import json
from collections.abc import Mapping
from typing import Any

from functions.admin.app import router as admin
from functions.result.app import router as result
from functions.upload.app import router as upload
from infra.settings import ROOT
from smartscale.domain.weighing_completed import event_schema
from smartscale.http.app import create_app

EVENT_SCHEMA = ROOT / "docs" / "schemas" / "weighing-completed.v1.json"
OPENAPI = ROOT / "docs" / "openapi.json"


def openapi() -> dict[str, Any]:
    """The description of all routes, as /openapi.json of the embedded API has it."""
    return create_app("SmartScale", upload, result, admin).openapi()


def event_schema_text() -> str:
    """The text of the event's file."""
    return _text(event_schema())


def main() -> None:
    """Write the files."""
    EVENT_SCHEMA.write_text(event_schema_text(), encoding="utf-8")
    OPENAPI.write_text(_text(openapi()), encoding="utf-8")


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    main()
