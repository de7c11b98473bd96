"""What this kiosk sells most, and sold at this time of the year: it is offered first."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from frontend.durable import DurableFile

MOST = 24
"""How many favourites are offered."""
HALF_LIFE_DAYS = 14
"""A sale counts half of what one counts that is two weeks younger."""
SEASON_DAYS = 21
"""How many days before and after this day, a year ago, are this season."""
USUAL = (
    *("Banana", "Vine-Tomato", "Carrots", "Cucumber", "Royal-Gala", "Solid-Potato"),
    *("Yellow-Onion", "Red-Bell-Pepper", "Lemon", "Orange", "Avocado", "Zucchini"),
    *("Granny-Smith", "Kiwi", "Ginger", "Garlic", "Conference", "Satsumas"),
    *("Brown-Cap-Mushroom", "Leek", "Mango", "Broccoli", "Pink-Lady", "Iceberg-Lettuce"),
)
"""What sells most in most shops: it follows a shop's own favourites until those are enough."""
_YEAR = timedelta(days=365)
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS sold (day TEXT, label TEXT, n INTEGER, PRIMARY KEY (day, label)) "
    "WITHOUT ROWID"
)


class Favourites(DurableFile):
    """Counts on disk what was sold on which day. Nothing in it is about a shopper."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)

    def note(self, label: str, day: date) -> None:
        """Count one sale of an item."""
        self._run(
            "INSERT INTO sold VALUES (?, ?, 1) ON CONFLICT (day, label) DO UPDATE SET n = n + 1",
            day.isoformat(),
            label,
        )

    def best(self, today: date) -> Sequence[str]:
        """The labels that are sold most now, the first one most, and at most `MOST`.

        Sales count the less the older they are; those of the same weeks of last year count as if
        they were of two weeks ago, so that what was in season then comes first again.
        """
        worth: dict[str, float] = {}
        rows = self._run("SELECT day, label, n FROM sold WHERE day >= ?", self._oldest(today))
        for day, label, n in rows:
            age = (today - date.fromisoformat(day)).days
            in_season = abs(age - _YEAR.days) <= SEASON_DAYS
            share = 0.5 if in_season else 0.5 ** (max(age, 0) / HALF_LIFE_DAYS)
            worth[label] = worth.get(label, 0.0) + n * share
        best = sorted(worth, key=lambda label: (-worth[label], label))
        return list(dict.fromkeys((*best, *USUAL)))[:MOST]

    def forget_old(self, today: date) -> None:
        """Delete what counts no more."""
        self._run("DELETE FROM sold WHERE day < ?", self._oldest(today))

    @staticmethod
    def _oldest(today: date) -> str:
        return (today - _YEAR - timedelta(days=SEASON_DAYS)).isoformat()
