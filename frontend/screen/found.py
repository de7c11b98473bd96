"""What a search has found, drawn in order."""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from nicegui import ui

_Found = TypeVar("_Found")


class Found(Generic[_Found]):
    """The elements of what was found.

    They stay where they are drawn already: a tap would be lost on one that is just drawn again.
    Those that were not found for longest are dropped when there are too many.
    """

    def __init__(
        self,
        box: ui.element,
        most: int,
        key: Callable[[_Found], Hashable],
        draw: Callable[[_Found], ui.element],
    ) -> None:
        """Draw into a box.

        Args:
            box: what holds the elements, and nothing else.
            most: how many are shown.
            key: what tells one that is found from another, as far as it shows.
            draw: makes the element of one.
        """
        self._box, self._most = box, most
        self._key, self._draw = key, draw
        self._elements: dict[Hashable, ui.element] = {}
        self.cut = 0
        """How many that were found are not shown."""

    def show(self, found: Sequence[_Found]) -> None:
        """Show these alone."""
        shown, self.cut = found[: self._most], max(0, len(found) - self._most)
        keys = set()
        with self._box:
            for place, one in enumerate(shown):
                key = self._key(one)
                element = self._elements.pop(key, None) or self._draw(one)
                self._elements[key] = element  # the last of the dictionary is the newest
                element.move(target_index=place)
                keys.add(key)
        for key, element in self._elements.items():
            element.set_visibility(key in keys)
        for key in list(self._elements)[: -3 * self._most]:
            self._elements.pop(key).delete()

    def widen(self) -> None:
        """Show twice as many from now on."""
        self._most *= 2

    @property
    def drawn(self) -> bool:
        """Whether any element is there, visible or not."""
        return bool(self._elements)

    @property
    def shows(self) -> bool:
        """Whether any element is visible."""
        return any(element.visible for element in self._elements.values())
