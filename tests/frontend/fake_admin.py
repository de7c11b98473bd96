"""The admin routes of the small API: models, candidates, labels and memory that a test can set."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, UploadFile
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

    def tries(self, model: dict[str, str], wish: dict[str, Any]) -> None:
        """A candidate is tried."""
        figures = {"latency_ms": 12.4, "confidence": 0.91, "low_confidence_rate": 0.08}
        self.trial = {
            "model": model,
            "mode": wish["mode"],
            "share": wish["share"],
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
                **wish.get("limits", {}),
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
        wish = await request.json()
        admin.asked.append(("reload", wish))
        ref = {"id": wish.get("model_id", VGG16["id"]), "revision": wish["model_revision"]}
        if wish.get("model_id") == "builtin":
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
        wish = await request.json()
        admin.asked.append(("candidate", wish))
        admin.tries({"id": wish["model_id"], "revision": wish["model_revision"]}, wish)
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

    @router.post("/enrol/{label}", status_code=202)
    async def enrol(label: str, images: list[UploadFile]) -> dict[str, int]:
        admin.photos = [await image.read() for image in images]
        version = len(admin.memory) + 1
        admin.memory = [
            {
                "version": version,
                "state": "pending",
                "label": label,
                "images": len(images),
                "created_at": _AT,
            },
            *admin.memory,
        ]
        return {"memory_version": version}

    @router.get("/memory")
    def memory() -> list[dict[str, Any]]:
        return admin.memory

    @router.post("/memory/rollback")
    def memory_rollback() -> list[dict[str, Any]]:
        admin.memory = admin.memory[1:]
        return admin.memory

    return router


def _set(admin: FakeAdmin, label: str, product: str | None, how: str | None) -> dict[str, Any]:
    changed = {"label": label, "product": product, "how": how}
    admin.labels = [changed if one["label"] == label else one for one in admin.labels]
    return changed


def refused(_: Request, error: Exception) -> JSONResponse:
    """A refusal as a problem (RFC 9457)."""
    assert isinstance(error, HTTPException)
    body = {"type": "about:blank", "status": error.status_code, "detail": error.detail}
    return JSONResponse(body, error.status_code, media_type="application/problem+json")
