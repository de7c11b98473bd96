"""Writes the schema of the event that other systems read: `python -m infra.schemas`."""

import json

from infra.settings import ROOT
from smartscale.domain.weighing_completed import event_schema

EVENT_SCHEMA = ROOT / "docs" / "schemas" / "weighing-completed.v1.json"


def event_schema_text() -> str:
    """The file's text."""
    return json.dumps(event_schema(), indent=2) + "\n"


def main() -> None:
    """Write the file."""
    EVENT_SCHEMA.write_text(event_schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
