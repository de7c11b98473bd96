"""The admin routes of the small API: models, candidates, labels and memory that a test can set."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response, UploadFile
from fastapi.responses import JSONResponse

TOKEN = "the-right-token"
BUILTIN = {"id": "builtin", "revision": "2026.11"}
VGG16 = {"id": "Adriana213/vgg16-fruit-classifier", "revision": "3f1c9a7be0d24c55a1"}
_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC).isoformat()


@dataclass
class FakeAdmin:
    """What the operator's routes answer, and what they were asked to do."""

    throttled: bool = False
    token: str = TOKEN
    asked: list[tuple[str, Any]] = field(default_factory=list)
    refused: int = 0
    """How many wrong tokens were shown."""
    looks: int = 0
    """How often the state was asked for."""
    refuses: str | None = None
    smaller: bool = False
    """Whether it has no candidates and no labels."""
    status: dict[str, Any] = field(
        default_factory=lambda: {
            "wanted": BUILTIN,
            "active": BUILTIN,
            "previous": None,
            "state": "active",
            "progress": None,
            "error": None,
            "changed_at": _AT,
            "workers": [
                {"worker": f"worker-{n}", "model": BUILTIN, "reported_at": _AT} for n in range(2)
            ],
            "candidate": None,
        }
    )
    models: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                **BUILTIN,
                "active": True,
                "candidate": False,
                "previous": False,
                "source": "in the repo",
                "labels": 54,
                "unmapped": 0,
                "size_bytes": 4_120_000,
                "stored_at": _AT,
                "accuracy": 0.842,
            },
            {
                **VGG16,
                "active": False,
                "candidate": False,
                "previous": False,
                "source": "hf://Adriana213/vgg16-fruit-classifier",
                "labels": 131,
                "unmapped": 2,
                "size_bytes": 14_900_000,
                "stored_at": _AT,
                "accuracy": None,
            },
        ]
    )
    trial: dict[str, Any] | None = None
    labels: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"label": "Banana", "product": "Banana", "how": "exact"},
            {"label": "Apple Braeburn 1", "product": None, "how": None},
            {"label": "Cocos", "product": None, "how": None},
            {"label": "Lemon Meyer", "product": "Lemon", "how": "operator"},
        ]
    )
    items: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "Banana": _item("Banana", "4011", "kg", "1.89"),
            "Lemon": _item("Lemon", "4053", "kg", "2.99"),
            "Durian": _item("Durian", "3299", "kg", "9.99") | {"retired": True},
        }
    )
    files: list[tuple[bytes, str | None]] = field(default_factory=list)
    """Catalogue files that came in, with the fingerprint of their preview."""
    memory: list[dict[str, Any]] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)

    def importing(self, step: str, percent: float, detail: str = "") -> None:
        """An import is under way."""
        progress = {"step": step, "percent": percent, "detail": detail}
        self.status |= {"wanted": VGG16, "state": "importing", "progress": progress}

    def serves(self, model: dict[str, str]) -> None:
        """Another model serves now."""
        previous = self.status["active"]
        self.status |= {
            "wanted": model,
            "active": model,
            "previous": previous,
            "state": "active",
            "progress": None,
            "error": None,
        }
        for package in self.models:
            ref = {"id": package["id"], "revision": package["revision"]}
            package |= {"active": ref == model, "previous": ref == previous}

    def teaches(self, label: str, images: int) -> int:
        """Photos of an item came in."""
        version = {
            "version": len(self.memory) + 1,
            "state": "pending",
            "label": label,
            "images": images,
            "created_at": _AT,
        }
        self.memory = [version, *self.memory]
        return len(self.memory)

    def tries(self, model: dict[str, str], request: dict[str, Any]) -> None:
        """A candidate is tried."""
        figures = {"latency_ms": 12.4, "confidence": 0.91, "low_confidence_rate": 0.08}
        self.trial = {
            "model": model,
            "mode": request["mode"],
            "share": request["share"],
            "started_at": _AT,
            "state": "running",
            "reason": None,
            "compared": 412,
            "agreement": 0.876,
            "active": {**figures, "error_rate": 0.0, "n": 412},
            "candidate": {**figures, "latency_ms": 1048.0, "error_rate": 0.005, "n": 410},
            "skipped": 2,
            "limits": {
                "error_rate": "0.05",
                "low_confidence_rate": "0.80",
                "minimum_answers": 30,
                **request.get("limits", {}),
            },
        }

    def router(self) -> APIRouter:
        """The routes."""
        return _routes(self)


def _routes(admin: FakeAdmin) -> APIRouter:  # noqa: PLR0915 - one statement a route and answer
    async def authorise(x_admin_token: str = Header("")) -> None:
        if admin.throttled:
            raise HTTPException(429, "Too many wrong tokens; try again in 60 seconds.")
        if x_admin_token != admin.token:
            admin.refused += 1
            raise HTTPException(401, "The header X-Admin-Token is missing or wrong.")
        if admin.refuses is not None:
            raise HTTPException(409, admin.refuses)

    router = APIRouter(prefix="/v1/admin", dependencies=[Depends(authorise)])

    @router.get("/model")
    def model() -> dict[str, Any]:
        admin.looks += 1
        return admin.status

    @router.post("/reload-model", status_code=202)
    async def reload(request: Request) -> dict[str, Any]:
        request = await request.json()
        admin.asked.append(("reload", request))
        ref = {"id": request.get("model_id", VGG16["id"]), "revision": request["model_revision"]}
        if request.get("model_id") == "builtin":
            admin.serves(BUILTIN)
        elif any(ref == {"id": one["id"], "revision": one["revision"]} for one in admin.models):
            admin.serves(ref)
        else:
            admin.importing("resolving", 0)
        return admin.status

    @router.get("/models")
    def models() -> list[dict[str, Any]]:
        return admin.models

    @router.post("/rollback", status_code=202)
    def rollback() -> dict[str, Any]:
        admin.asked.append(("rollback", None))
        admin.serves(admin.status["previous"])
        return admin.status

    def unless_smaller() -> None:
        if admin.smaller:
            raise HTTPException(404, "There is no such route.")

    @router.get("/candidate", dependencies=[Depends(unless_smaller)])
    def candidate() -> dict[str, Any] | None:
        return admin.trial

    @router.post("/candidate", status_code=202)
    async def try_out(request: Request) -> dict[str, Any] | None:
        asked = await request.json()
        admin.asked.append(("candidate", asked))
        admin.tries({"id": asked["model_id"], "revision": asked["model_revision"]}, asked)
        return admin.trial

    @router.post("/candidate/promote")
    def promote() -> dict[str, Any]:
        assert admin.trial is not None
        admin.asked.append(("promote", None))
        admin.trial = admin.trial | {"state": "promoted"}
        admin.serves(admin.trial["model"])
        return admin.trial

    @router.delete("/candidate")
    def stop() -> dict[str, Any]:
        assert admin.trial is not None
        admin.asked.append(("stop", None))
        admin.trial = admin.trial | {"state": "stopped"}
        return admin.trial

    @router.get("/labels", dependencies=[Depends(unless_smaller)])
    def labels() -> list[dict[str, Any]]:
        return admin.labels

    @router.put("/labels/{label}")
    async def map_label(label: str, request: Request) -> dict[str, Any]:
        product = (await request.json())["product"]
        admin.asked.append(("map", (label, product)))
        return _set(admin, label, product, "operator")

    @router.delete("/labels/{label}")
    def unmap_label(label: str) -> dict[str, Any]:
        admin.asked.append(("unmap", label))
        return _set(admin, label, None, None)

    @router.get("/catalogue", response_model=None)
    def catalogue(request: Request) -> dict[str, Any] | Response:
        if request.headers["accept"] == "text/csv":
            return Response("label,plu\nBanana,4011\n", media_type="text/csv")
        return {"items": list(admin.items.values())}

    @router.post("/catalogue/import")
    async def import_items(
        request: Request, dry_run: bool = False, fingerprint: str | None = None
    ) -> dict[str, Any]:
        file = await request.body()
        admin.files.append((file, fingerprint))
        if b"label" not in file:
            raise HTTPException(422, "The catalogue file lacks the columns: label.")
        change = {
            "field": "unit_price",
            "before": "1.89",
            "after": "1.99",
            "valid_from": "2999-12-01T06:00:00Z",
        }
        changes = [{"label": "Banana", "name": "Bananas", "kind": "changed", "fields": [change]}]
        return {
            "applied": not dry_run,
            "fingerprint": "f1",
            "counts": {"added": 0, "changed": 1, "returned": 0, "unchanged": 2},
            "changes": changes if b"Banana" in file else [],
        }

    @router.put("/catalogue/{label}")
    async def save_item(label: str, request: Request) -> dict[str, Any]:
        edit = await request.json()
        admin.asked.append(("item", (label, edit)))
        if edit["plu"] == "4053" and label != "Lemon":
            raise HTTPException(409, "PLU 4053 is taken by Lemon.")
        known = admin.items.get(label)
        item = _item(label, edit["plu"], edit["unit"], edit["unit_price"]) | {
            "names": edit["names"]
        }
        if known is not None and edit["valid_from"]:
            later = {"unit_price": edit["unit_price"], "valid_from": edit["valid_from"]}
            item |= {"unit_price": known["unit_price"], "prices": [*known["prices"], later]}
        admin.items[label] = item
        return item

    @router.delete("/catalogue/{label}", status_code=204, response_class=Response)
    def retire(label: str) -> None:
        admin.items[label] |= {"retired": True}

    @router.delete("/catalogue/{label}/prices")
    def cancel_price(label: str, valid_from: str) -> dict[str, Any]:
        admin.asked.append(("cancel", (label, valid_from)))
        admin.items[label] |= {"prices": admin.items[label]["prices"][:1]}
        return admin.items[label]

    @router.put("/catalogue/{label}/picture")
    async def give_picture(label: str, image: UploadFile) -> dict[str, Any]:
        assert (await image.read())[:2] == b"\xff\xd8"
        admin.items[label] |= {"picture_url": f"/v1/catalogue/pictures/{'ab' * 32}"}
        return admin.items[label]

    @router.delete("/catalogue/{label}/picture")
    def take_picture_away(label: str) -> dict[str, Any]:
        admin.items[label] |= {"picture_url": None}
        return admin.items[label]

    @router.post("/enrol/{label}", status_code=202)
    async def enrol(label: str, images: list[UploadFile]) -> dict[str, int]:
        admin.photos = [await image.read() for image in images]
        return {"memory_version": admin.teaches(label, len(images))}

    @router.get("/memory")
    def memory() -> list[dict[str, Any]]:
        return admin.memory

    @router.post("/memory/rollback")
    def memory_rollback() -> list[dict[str, Any]]:
        admin.memory = admin.memory[1:]
        return admin.memory

    return router


def _item(label: str, plu: str, unit: str, unit_price: str) -> dict[str, Any]:
    return {
        "label": label,
        "plu": plu,
        "category": "fruit",
        "names": {"en": f"{label}s"},
        "unit": unit,
        "unit_price": unit_price,
        "currency": "EUR",
        "tare_kg": "0.000",
        "piece_kg_min": None,
        "piece_kg_max": None,
        "sold_as": None,
        "aliases": ["Cavendish"] if label == "Banana" else [],
        "prices": [{"unit_price": unit_price, "valid_from": _AT}],
        "past_prices": [],
        "picture_url": None,
        "retired": False,
        "version": 3,
    }


def _set(admin: FakeAdmin, label: str, product: str | None, how: str | None) -> dict[str, Any]:
    changed = {"label": label, "product": product, "how": how}
    admin.labels = [changed if one["label"] == label else one for one in admin.labels]
    return changed


def refused(_: Request, error: Exception) -> JSONResponse:
    """A refusal as a problem (RFC 9457)."""
    assert isinstance(error, HTTPException)
    body = {"type": "about:blank", "status": error.status_code, "detail": error.detail}
    return JSONResponse(body, error.status_code, media_type="application/problem+json")
