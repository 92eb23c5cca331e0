"""The same workflows on DBOS, as its documentation recommends (https://docs.dbos.dev/python/programming-guide).

`@DBOS.workflow` and `@DBOS.step`, launched in the process that starts them, on the Postgres of the product in a
database of its own. Workflows begin by `DBOS.start_workflow`, in as many processes as there are cores: of its ways to
begin many at once this was the fastest here, before a queue and before async workflows.

Where the product does more, the peer is let off: nobody calls it over a network, nobody is authenticated, there are no
tenants, inputs are checked against no schema, and what a step is, is code that needs no look-up.
"""
