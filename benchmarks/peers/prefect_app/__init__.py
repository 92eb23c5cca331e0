"""The same 40 steps on Prefect, as its documentation recommends for one machine.

`prefect server start` (https://docs.prefect.io/v3/how-to-guides/self-hosted/server-cli) with the SQLite that it comes
with, and a flow whose process calls it. Its Postgres setup needs the extension pg_trgm, which the Postgres of this
benchmark does not have. Results are persisted: without that no step of a flow could be taken up again.
"""
