"""Webhooks as most teams build them first: Dramatiq, one message per delivery, httpx, one row update per attempt.

Written as the documentation of its parts recommends, and never slowed down on purpose:

- Dramatiq: the Redis broker with its default middleware, messages that carry an id alone, an actor that raises so that
  Retries sends again, one process per core with eight threads each.
- httpx: one client per process, which its threads share, with a pool that keeps a connection for every thread and host.
- psycopg: a pool with a connection for every thread, autocommit, statements that the driver prepares by itself.

Where the product does more, the peer is let off: messages are in the queue before the clock starts, nothing is matched
or filtered, receivers' addresses are not guarded, attempts are columns of the delivery and leave no rows of their own,
there is no fairness between endpoints and no breaker.
"""
