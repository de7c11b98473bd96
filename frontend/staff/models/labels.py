"""What the labels of the model in use are sold as; some may still need a product."""

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.staff.models.section import Section, card
from frontend.staff.picker import pick_item
from frontend.words.languages import N_
from smartscale.contract.models import LabelMapping, Mapped

HOW = {
    Mapped.EXACT: N_("same name"),
    Mapped.ALIAS: N_("known by another name"),
    Mapped.OPERATOR: N_("chosen here"),
    Mapped.NONE: N_("needs a product"),
}
"""How a label came to its product."""


class Labels(Section[tuple[LabelMapping, ...]]):
    """The labels; one without a product is never sold, and asks for one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._all = False

    async def fetch(self, admin: AdminClient) -> tuple[LabelMapping, ...]:
        """The labels."""
        return await admin.labels()

    def build(self) -> None:
        """Draw it."""
        with card(self.t("Labels and products"), "labels"):
            self.view()

    def draw(self, document: tuple[LabelMapping, ...]) -> None:
        """Draw those that need a product, or all."""
        t = self.t
        without = [mapping for mapping in document if mapping.product is None]
        theme.choice(
            t("Show"),
            (
                (False, t("Need a product ({n})", n=len(without))),
                (True, t("All ({n})", n=len(document))),
            ),
            self._all,
            self._show,
        )
        shown = document if self._all else without
        if not shown:
            theme.notice(t("Every label has a product.")).mark("all-mapped")
        with ui.element("ul").classes("entries"):
            for mapping in shown:
                self._row(mapping)

    def _row(self, mapping: LabelMapping) -> None:
        t, label = self.t, mapping.label
        with ui.element("li").classes("entry").mark(f"label-{label}"):
            with ui.element("div").classes("entry-text"):
                theme.text(label, "p").classes("entry-name")
                how = t(HOW[mapping.how])
                if mapping.product is None:
                    theme.text(how, "p").classes("pill ask")
                else:
                    sold = t("sold as {product}", product=mapping.product)
                    theme.text(f"{sold} · {how}", "p").classes("hint")
            with ui.element("div").classes("entry-actions"):
                choose = theme.action(t("Choose a product"), lambda: self._choose(label))
                choose.mark(f"choose-{label}")
                choose.props["aria-label"] = t("Choose a product for {label}", label=label)
                if mapping.how is Mapped.OPERATOR:
                    back = theme.action(t("Take back"), lambda: self._take_back(label))
                    back.mark(f"take-back-{label}")
                    back.props["aria-label"] = t("Take back {label}", label=label)

    async def _show(self, everything: bool) -> None:
        self._all = everything
        self.view.refresh()

    def _choose(self, label: str) -> None:
        async def sell_as(product: str) -> None:
            mapped = await self.desk.act(
                lambda admin: admin.map_label(label, product),
                N_("{label} is sold as {product} now."),
                label=label,
                product=product,
            )
            if mapped:
                await self.load()

        pick_item(self.desk, self.t("Sell {label} as…", label=label), sell_as)

    async def _take_back(self, label: str) -> None:
        taken = await self.desk.act(
            lambda admin: admin.unmap_label(label),
            N_("What was chosen for {label} is taken back."),
            label=label,
        )
        if taken:
            await self.load()
