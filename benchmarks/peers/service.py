"""A peer: HTTP by FastAPI, recognition by Celery over RabbitMQ, all state in PostgreSQL.

    uvicorn benchmarks.peers.service:api
    celery --app benchmarks.peers.service:queue worker --concurrency 2

`PEER_NETWORK` names the network, `PEER_DATABASE` the database (a PostgreSQL URL).
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, Any
from uuid import UUID, uuid4

from celery import Celery
from celery.signals import worker_process_init
from fastapi import FastAPI, File, Form, HTTPException, UploadFile
from fastapi.concurrency import run_in_threadpool
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from benchmarks.peers.recognisers import RECOGNISERS, Recognise

DATABASE = os.environ.get("PEER_DATABASE", "postgresql:///peers")
TABLES = """
CREATE TABLE IF NOT EXISTS weighings (
    job_id uuid PRIMARY KEY, picture bytea NOT NULL, weight_kg numeric NOT NULL,
    status text NOT NULL DEFAULT 'pending', label text, confidence real, total numeric,
    created_at timestamptz NOT NULL DEFAULT now(), completed_at timestamptz
);
CREATE TABLE IF NOT EXISTS items (label text PRIMARY KEY, unit_price numeric NOT NULL);
"""
_LOOK_EVERY_S = 0.01
_CENT = Decimal("0.01")

queue = Celery("peer", broker=os.environ.get("PEER_BROKER", "amqp://guest@127.0.0.1:5672//"))
queue.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"confirm_publish": True},
)


@cache
def recogniser() -> Recognise:
    """This process's network."""
    return RECOGNISERS[os.environ["PEER_NETWORK"]]()


@cache
def rows() -> ConnectionPool:
    """This worker's connection."""
    return ConnectionPool(DATABASE, min_size=1, max_size=1, open=True)


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _ready(**_: object) -> None:
    recogniser()
    rows()


@queue.task  # type: ignore[untyped-decorator]
def recognise(job_id: str) -> None:
    """Recognise and price a weighing that is pending; a repeated message changes nothing."""
    with rows().connection() as connection:
        found = connection.execute(
            "SELECT picture, weight_kg FROM weighings WHERE job_id = %s AND status = 'pending'",
            (job_id,),
        ).fetchone()
        if found is None:
            return
        picture, weight_kg = found
        label, confidence = recogniser()(bytes(picture))
        item = connection.execute(
            "SELECT unit_price FROM items WHERE label = %s", (label,)
        ).fetchone()
        unit_price = item[0] if item else Decimal("1.99")
        total = (unit_price * weight_kg).quantize(_CENT, ROUND_HALF_UP)
        connection.execute(
            "UPDATE weighings SET status = 'done', label = %s, confidence = %s, total = %s,"
            " completed_at = now() WHERE job_id = %s AND status = 'pending'",
            (label, confidence, total, job_id),
        )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncConnectionPool(DATABASE, min_size=4, max_size=16, open=False) as pool:
        app.state.pool = pool
        yield


api = FastAPI(lifespan=_lifespan)


@api.get("/v1/health")
async def health() -> dict[str, str]:
    """It answers."""
    return {"status": "ok"}


@api.post("/v1/predict", status_code=202)
async def predict(
    image: Annotated[UploadFile, File()], weight: Annotated[Decimal, Form(gt=0)]
) -> dict[str, str]:
    """Keep the picture and queue it; both are on the disk when this answers."""
    job_id = uuid4()
    async with api.state.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO weighings (job_id, picture, weight_kg) VALUES (%s, %s, %s)",
            (job_id, await image.read(), weight),
        )
    await run_in_threadpool(recognise.delay, str(job_id))
    return {"job_id": str(job_id), "result_url": f"/v1/result/{job_id}"}


@api.get("/v1/result/{job_id}")
async def result(job_id: UUID, wait: int = 0) -> dict[str, Any]:
    """The outcome, held back until there is one, `wait` seconds at most."""
    until = time.monotonic() + min(wait, 10)
    while True:
        async with api.state.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT status, label, confidence, total FROM weighings WHERE job_id = %s",
                (job_id,),
            )
            found = await cursor.fetchone()
        if found is None:
            raise HTTPException(404, "There is no such weighing.")
        status, label, confidence, total = found
        if status == "done" or time.monotonic() > until:
            return {
                "job_id": str(job_id),
                "status": status,
                "label": label,
                "confidence": confidence,
                "total": None if total is None else str(total),
            }
        await asyncio.sleep(_LOOK_EVERY_S)
