"""The two calls under test."""

from hashlib import sha256
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response, status
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peers.fastapi_app.auth import CurrentPrincipal, Principal, Require, WorkspaceSession
from benchmarks.peers.fastapi_app.database import transaction
from benchmarks.peers.fastapi_app.models import Event, IdempotencyKey, Member, Workspace, now
from benchmarks.peers.fastapi_app.schemas import WorkspaceIn, WorkspaceOut

router = APIRouter(prefix="/v1/workspaces")
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]

UNIQUE_VIOLATION = "23505"


@router.get("/{workspace_id}", dependencies=[Depends(Require("workspaces.read"))])
async def get_workspace(workspace_id: UUID, session: WorkspaceSession) -> WorkspaceOut:
    """One workspace that the caller is a member of."""
    workspace = await session.scalar(
        select(Workspace).where(Workspace.id == workspace_id, Workspace.delete_time.is_(None))
    )
    if workspace is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such workspace.")
    return WorkspaceOut.model_validate(workspace)


@router.post("", response_model=WorkspaceOut)
async def create_workspace(
    body: WorkspaceIn, request: Request, who: CurrentPrincipal, idempotency_key: Key = None
) -> Response:
    """Makes a workspace that belongs to the caller; the same key gives the same answer again."""
    fingerprint = sha256(await request.body()).digest()
    workspace_id = uuid4()
    try:
        async with transaction(workspace_id=workspace_id, user_id=who.user_id) as session:
            content = await replay(session, who, idempotency_key, fingerprint) if idempotency_key else None
            if content is None:
                content = insert(session, workspace_id, body, who)
                if idempotency_key:
                    session.add(
                        IdempotencyKey(
                            user_id=who.user_id, key=idempotency_key, fingerprint=fingerprint, response=content
                        )
                    )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        # Either the slug is taken, or the same key came twice at once and the other call has won.
        async with transaction(workspace_id=workspace_id, user_id=who.user_id) as session:
            content = await replay(session, who, idempotency_key, fingerprint) if idempotency_key else None
        if content is None:
            raise HTTPException(status.HTTP_409_CONFLICT, "The slug is taken: choose another.") from error
    return Response(content, media_type="application/json")


async def replay(session: AsyncSession, who: Principal, key: str, fingerprint: bytes) -> bytes | None:
    """The answer that the key has given before. Raises 409 when the body was another one."""
    row = (
        await session.execute(
            select(IdempotencyKey.fingerprint, IdempotencyKey.response).where(
                IdempotencyKey.user_id == who.user_id, IdempotencyKey.key == key, IdempotencyKey.expire_time > now()
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise HTTPException(status.HTTP_409_CONFLICT, "The idempotency key was used for another request.")
    return bytes(row.response)


def insert(session: AsyncSession, workspace_id: UUID, wanted: WorkspaceIn, who: Principal) -> bytes:
    """Adds the rows of a new workspace. Gives its JSON."""
    moment = now()
    workspace = Workspace(
        id=workspace_id,
        name=wanted.name,
        slug=wanted.slug,
        owner_id=who.user_id,
        plan="free",
        settings=wanted.settings,
        labels=wanted.labels,
        revision=1,
        create_time=moment,
        update_time=moment,
        members=[Member(user_id=who.user_id, role="OWNER", create_time=moment, update_time=moment)],
    )
    answer = WorkspaceOut.model_validate(workspace)
    request_id = str(uuid4())
    created = {"workspace": answer.model_dump(mode="json", by_alias=True)}
    added = {"workspaceId": str(workspace_id), "userId": str(who.user_id), "role": "OWNER"}
    happened = [
        ("workspace.created", workspace_id, created),
        ("workspace.member.added", who.user_id, added),
    ]
    session.add(workspace)
    session.add_all(
        Event(
            id=uuid4(),
            workspace_id=workspace_id,
            type=kind,
            subject=str(subject),
            data=data,
            actor=str(who.user_id),
            request_id=request_id,
            trace_parent="",
            create_time=moment,
        )
        for kind, subject, data in happened
    )
    return answer.model_dump_json(by_alias=True).encode()
