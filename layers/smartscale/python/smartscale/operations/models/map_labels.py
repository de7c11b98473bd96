"""Say what each label of a model is sold as, and which still need a product."""

from collections.abc import Callable
from dataclasses import dataclass

from smartscale.domain.errors import InvalidInput
from smartscale.domain.labels import Mapped, Products, products_of
from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.models import PackageStore, Registry


@dataclass(frozen=True)
class MappedLabel:
    """A label and the item it is sold as; None where it needs a product."""

    label: str
    product: str | None
    how: Mapped


class MapLabels:
    """Assigns model labels to catalogue items. An assignment is stored with the item."""

    def __init__(
        self,
        catalogue: CatalogueStore,
        edit: EditCatalogue,
        registry: Registry,
        packages: PackageStore,
        builtin_labels: Callable[[], list[str]],
    ) -> None:
        self._catalogue = catalogue
        self._edit = edit
        self._registry = registry
        self._packages = packages
        self._builtin_labels = builtin_labels

    def labels(self, model: ModelRef | None = None) -> list[MappedLabel]:
        """Every label of a model, of the active one where none is named.

        Raises:
            NotFound: there is no such package.
        """
        products = products_of(self._catalogue.all())
        return [self._mapped(label, products) for label in self._of(model)]

    def give(self, label: str, product: str) -> MappedLabel:
        """Sell a label as an item.

        Raises:
            InvalidInput: there is no such item, or the label is no item at all.
        """
        if label in NO_ITEM:
            raise InvalidInput(f"{label!r} is an answer that is no item.")
        self._edit.give_label(label, product)
        return self._mapped(label, products_of(self._catalogue.all()))

    def take_back(self, label: str) -> MappedLabel:
        """Remove the assignment of a label."""
        self._edit.take_label(label)
        return self._mapped(label, products_of(self._catalogue.all()))

    def _of(self, model: ModelRef | None) -> list[str]:
        if model is None:
            switch = self._registry.current()
            model = None if switch is None else switch.active
        if model is None or model.id == BUILTIN:
            labels = self._builtin_labels()
        else:
            labels = self._packages.labels(model)
        return [label for label in labels if label not in NO_ITEM]

    @staticmethod
    def _mapped(label: str, products: Products) -> MappedLabel:
        item, how = products.find(label)
        return MappedLabel(label, None if item is None else item.label, how)
