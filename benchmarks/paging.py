"""The first and the last page of one user's very long list."""

from contextlib import closing
from dataclasses import replace
from functools import partial

import psycopg2

from benchmarks.costs import Side, measured
from benchmarks.figures import UNDER, Figure, Sample, interleave
from benchmarks.product import Person, ProductError
from benchmarks.scenarios import Bench

LARGEST_PAGE = 1000

# As the owner of the database and without triggers: a million creates through the API would take an hour and leave the
# same rows. The times lie apart, as they would.
FILL = """
SET session_replication_role = replica;
WITH made AS (
    INSERT INTO workspace (id, name, slug, owner_id, plan, settings, labels, revision, create_time, update_time)
    SELECT uuidv7(), 'Paging ' || n, 'paging-' || n, %(user)s, 'free', '{}', '{}', 1, moment, moment
    FROM (SELECT n, now() - n * interval '1 second' AS moment FROM generate_series(1, %(rows)s) AS n) AS numbered
    RETURNING id, create_time
)
INSERT INTO member (workspace_id, user_id, role, extra_permissions, revision, create_time, update_time)
SELECT id, %(user)s, 'OWNER', '{}', 1, create_time, create_time FROM made
"""


def paging(bench: Bench) -> list[Figure]:
    """How long page 1 and page 10,000 take."""
    effort, product = bench.effort, bench.product
    size = effort.rows // effort.pages
    reader = product.sign_up("paging@example.com")
    fill(product.installation.database_url, reader, effort.rows)
    bench.say(f"  {effort.rows:,} workspaces are there; turning to page {effort.pages:,}")
    last = last_page_token(bench, reader, size)
    product.sign_in(reader)
    sides = [
        Side(replace(product.list_page(reader, size=size, token=token), count=effort.calls_per_page), product.groups)
        for token in ("", last)
    ]
    first_page, last_page = interleave([partial(measured, side) for side in sides], effort.rounds, bench.say)
    first_ms = Sample([outcome.p50_ms for outcome in first_page])
    last_ms = Sample([outcome.p50_ms for outcome in last_page])
    return [
        Figure(
            key="paging",
            title=f"List workspaces, page {effort.pages:,} beside page 1 of {effort.rows:,}",
            unit="ms",
            ours=last_ms,
            other=first_ms,
            other_name="page 1",
            measured=last_ms.over(first_ms),
            bound=UNDER,
            target=1.5,
            note=f"Pages of {size}, REST through Envoy, one caller; medians of {effort.calls_per_page} calls a run.",
        )
    ]


def last_page_token(bench: Bench, reader: Person, size: int) -> str:
    """The token of the last page, got by turning all pages before it.

    Large ones first, since a token holds for any page size.
    """
    before = bench.effort.rows - size
    sizes = [LARGEST_PAGE] * (before // LARGEST_PAGE) + [size] * (before % LARGEST_PAGE // size)
    seen, token = bench.product.walk(reader, sizes=sizes)
    rest, beyond = bench.product.walk(reader, sizes=[size], token=token)
    if (seen, rest, beyond) != (before, size, ""):
        message = (
            f"Turning the pages gave {seen} and {rest} workspaces, not {before} and {size}, then {beyond or 'the end'}."
        )
        raise ProductError(message)
    return token


def fill(database_url: str, reader: Person, rows: int) -> None:
    """Gives the reader that many workspaces."""
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"user": str(reader.uuid), "rows": rows})
            cursor.execute("RESET session_replication_role")
            cursor.execute("VACUUM (ANALYZE) workspace, member")
