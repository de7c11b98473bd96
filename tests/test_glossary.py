"""The glossary names files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers/smartscale/python/smartscale"


def test_the_glossarys_paths_exist() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    cells = [line.rsplit("|", 2)[1] for line in glossary.splitlines() if line.startswith("| ")]
    paths = [path for cell in cells for path in re.findall(r"`([^`]+)`", cell)]

    missing = [path for path in paths if not any((at / path).exists() for at in (LAYER, ROOT))]

    assert len(paths) > 40
    assert missing == []
