"""What the shop wants of asking, in the data bucket: a crash of the emulator loses its tables."""

import json
from decimal import Decimal, InvalidOperation

from smartscale.adapters.bucket import Bucket
from smartscale.adapters.memories import MEMORY
from smartscale.domain.errors import StoreUnavailable

_WISHES = f"{MEMORY}asking/"


class S3Wishes:
    """Each wish is an object of its own that is written once; the newest counts."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def newest(self) -> Decimal | None:
        """The share that may be wrong."""
        last = self._last()
        if last is None:
            return None
        try:
            return Decimal(json.loads(self._bucket.read(last))["wanted"])
        except (ValueError, KeyError, TypeError, InvalidOperation) as error:
            raise StoreUnavailable(f"{last} is damaged: {error}") from error

    def add(self, wanted: Decimal) -> None:
        """Want another share from now on."""
        body = json.dumps({"wanted": str(wanted)}).encode()
        while True:
            last = self._last()
            number = 1 if last is None else int(last[-13:-5]) + 1
            if self._bucket.put_new(f"{_WISHES}{number:08d}.json", body, "application/json"):
                return

    def _last(self) -> str | None:
        keys = [str(found["Key"]) for found in self._bucket.list(_WISHES)]
        return keys[-1] if keys else None
