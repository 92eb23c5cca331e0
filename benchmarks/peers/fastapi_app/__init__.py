"""The same two calls as the product's, the way a careful team would build them with FastAPI, SQLAlchemy and asyncpg.

Written as the documentation of its parts recommends, and never slowed down on purpose:

- FastAPI: async path operations and dependencies, a response model as return type (Pydantic writes the JSON in Rust;
  ORJSONResponse is deprecated for that reason), lifespan, one process per core.
- uvicorn: uvloop and httptools, no access log.
- SQLAlchemy 2: one engine per process, `async_sessionmaker(expire_on_commit=False)`, one session and one transaction
  per request, a pool as large as the connections it serves, asyncpg's cache of prepared statements on.
- A token, once verified against its signature and its session row, is trusted for a minute and dropped at once on a
  NOTIFY, as the product does it.

Where the product does more, the peer is let off: plain UUIDs instead of TypeIDs, stored answers not encrypted, no
relay that carries the events on, no proxy in front.
"""
