"""The API's admin routes as the kiosk's manager pages see them; each wants the admin token."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from frontend.api.client import ApiClient
from smartscale.contract.catalogue import EditableCatalogue, EditableItem, ImportPreview
from smartscale.contract.memory import Lessons, MemoryVersion, Taught, Teaching
from smartscale.contract.models import LabelMapping, Mode, ModelRef, ModelStatus, Package, Trial

_IMPORT_S = 120
"""How long an import of thousands of items may take."""
_T = TypeVar("_T")
_STATUS = TypeAdapter(ModelStatus)
_PACKAGES = TypeAdapter(tuple[Package, ...])
_TRIAL: TypeAdapter[Trial | None] = TypeAdapter(Trial | None)
_LABELS = TypeAdapter(tuple[LabelMapping, ...])
_MEMORY = TypeAdapter(tuple[MemoryVersion, ...])
_TAUGHT = TypeAdapter(Taught)
_LESSONS = TypeAdapter(Lessons)
_TEACHING = TypeAdapter(Teaching)
_ITEMS = TypeAdapter(EditableCatalogue)
_ITEM = TypeAdapter(EditableItem)
_PREVIEW = TypeAdapter(ImportPreview)
_ANYTHING = TypeAdapter(Any)


class AdminClient:
    """Sends requests with the admin token. Every method raises ApiError if the request fails, and
    ApiUnauthorised if the token is wrong."""

    def __init__(self, api: ApiClient, token: str) -> None:
        self._api = api
        self._headers = {"X-Admin-Token": token}

    async def status(self) -> ModelStatus:
        """Which model was requested, and which one each worker has loaded."""
        return await self._ask(_STATUS, "GET", "model")

    async def reload(self, model_id: str | None, revision: str) -> None:
        """Serve a model of the hub, or a package; without an id the configured model."""
        request = {"model_revision": revision} | ({"model_id": model_id} if model_id else {})
        await self._ask(_ANYTHING, "POST", "reload-model", json=request)

    async def rollback(self) -> None:
        """Serve the previous model again."""
        await self._ask(_ANYTHING, "POST", "rollback", repeatable=False)

    async def packages(self) -> tuple[Package, ...]:
        """The model packages that could be activated."""
        return await self._ask(_PACKAGES, "GET", "models")

    async def trial(self) -> Trial | None:
        """The last candidate; None when there was none."""
        return await self._ask(_TRIAL, "GET", "candidate")

    async def try_out(
        self, model: ModelRef, mode: Mode, share: Decimal, limits: Mapping[str, str]
    ) -> None:
        """Start a trial: a package runs as a candidate beside the active model."""
        request: dict[str, Any] = {
            "model_id": model.id,
            "model_revision": model.revision,
            "mode": mode.value,
            "share": f"{share:f}",
        }
        if limits:
            request["limits"] = dict(limits)
        await self._ask(_ANYTHING, "POST", "candidate", json=request)

    async def promote(self) -> None:
        """Promote the candidate: it becomes the active model."""
        await self._ask(_ANYTHING, "POST", "candidate/promote")

    async def stop_trial(self) -> None:
        """End the trial without activating the candidate."""
        await self._ask(_ANYTHING, "DELETE", "candidate")

    async def labels(self) -> tuple[LabelMapping, ...]:
        """What the active model's labels are sold as."""
        return await self._ask(_LABELS, "GET", "labels")

    async def map_label(self, label: str, product: str) -> None:
        """Sell a label as an item of the catalogue."""
        path = f"labels/{quote(label, safe='')}"
        await self._ask(_ANYTHING, "PUT", path, json={"product": product})

    async def unmap_label(self, label: str) -> None:
        """Remove a label from the label map."""
        await self._ask(_ANYTHING, "DELETE", f"labels/{quote(label, safe='')}")

    async def items(self) -> tuple[EditableItem, ...]:
        """Everything that was ever sold."""
        return (await self._ask(_ITEMS, "GET", "catalogue")).items

    async def save_item(self, label: str, edit: Mapping[str, Any]) -> EditableItem:
        """Add or change an item."""
        return await self._ask(_ITEM, "PUT", _item(label), json=dict(edit))

    async def retire_item(self, label: str) -> None:
        """Sell an item no more."""
        await self._ask(_ANYTHING, "DELETE", _item(label), repeatable=False)

    async def cancel_price(self, label: str, valid_from: datetime) -> EditableItem:
        """Take back a price that has not started."""
        query = {"valid_from": valid_from.isoformat()}
        path = f"{_item(label)}/prices"
        return await self._ask(_ITEM, "DELETE", path, params=query, repeatable=False)

    async def give_picture(self, label: str, jpeg: bytes) -> EditableItem:
        """Show an item with a picture of the shop's own."""
        files = {"image": ("picture.jpg", jpeg, "image/jpeg")}
        return await self._ask(_ITEM, "PUT", f"{_item(label)}/picture", files=files)

    async def take_picture_away(self, label: str) -> EditableItem:
        """Show an item with a drawing again."""
        return await self._ask(_ITEM, "DELETE", f"{_item(label)}/picture")

    async def import_items(
        self, file: bytes, language: str, fingerprint: str | None = None
    ) -> ImportPreview:
        """What a CSV file would change. With the fingerprint of those changes, make them."""
        query = {"lang": language}
        query |= {"dry_run": "true"} if fingerprint is None else {"fingerprint": fingerprint}
        headers = {"Content-Type": "text/csv"}
        path = "catalogue/import"
        return await self._ask(
            _PREVIEW,
            "POST",
            path,
            params=query,
            content=file,
            headers=headers,
            repeatable=False,
            timeout=_IMPORT_S,
        )

    async def items_csv(self) -> bytes:
        """What is sold, as a file that can be imported again."""
        headers = self._headers | {"Accept": "text/csv"}
        return await self._api.fetch("admin/catalogue", headers=headers)

    async def enrol(self, item: str, photos: Sequence[bytes]) -> int:
        """Teach an item by JPEG photos; the version of the memory that will know it."""
        files = [("images", (f"{n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(photos)]
        path = f"enrol/{quote(item, safe='')}"
        enrolled = await self._ask(_TAUGHT, "POST", path, files=files, repeatable=False)
        return enrolled.memory_version

    async def enrol_all(self, photos: Sequence[tuple[str, bytes]]) -> int:
        """Teach many items by JPEG photos, each with its item's label; the memory's version."""
        files = [
            ("images", (f"{label}/{n}.jpg", photo, "image/jpeg"))
            for n, (label, photo) in enumerate(photos)
        ]
        enrolled = await self._ask(_TAUGHT, "POST", "enrol", files=files, repeatable=False)
        return enrolled.memory_version

    async def teaching(self) -> Teaching:
        """Which items the scales know, and which they mix up."""
        return await self._ask(_TEACHING, "GET", "teaching")

    async def memory(self) -> tuple[MemoryVersion, ...]:
        """The versions of the memory, newest first."""
        return await self._ask(_MEMORY, "GET", "memory")

    async def lessons(self) -> Lessons:
        """Every lesson that counts or is held back."""
        return await self._ask(_LESSONS, "GET", "memory/lessons")

    async def lesson_picture(self, picture: str) -> bytes:
        """The picture of a lesson, JPEG."""
        headers = {"Accept": "image/jpeg", **self._headers}
        return await self._api.fetch(f"admin/memory/lessons/{picture}", headers=headers)

    async def forget_lesson(self, picture: str) -> None:
        """Take one lesson out."""
        path = f"memory/lessons/{picture}"
        await self._ask(_ANYTHING, "DELETE", path, repeatable=False)

    async def accept_lesson(self, picture: str) -> None:
        """Let a lesson count that was held back."""
        path = f"memory/lessons/{picture}/accept"
        await self._ask(_ANYTHING, "POST", path, repeatable=False)

    async def roll_memory_back(self) -> None:
        """Forget the memory's last version."""
        await self._ask(_ANYTHING, "POST", "memory/rollback", repeatable=False)

    async def _ask(
        self,
        kind: TypeAdapter[_T],
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> _T:
        shown = {**(headers or {}), **self._headers}
        return await self._api.ask(kind, method, f"admin/{path}", headers=shown, **request)


def _item(label: str) -> str:
    return f"catalogue/{quote(label, safe='')}"
