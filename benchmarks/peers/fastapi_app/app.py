"""The application that uvicorn serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.peers.fastapi_app import workspaces
from benchmarks.peers.fastapi_app.auth import revocations
from benchmarks.peers.fastapi_app.database import engine


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Listens for revoked sessions while the process lives."""
    async with revocations():
        yield
    await engine.dispose()


app = FastAPI(title="Peer", lifespan=lifespan)
app.include_router(workspaces.router)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answers once the process serves."""
    return {"status": "SERVING"}
