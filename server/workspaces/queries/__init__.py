"""The SQL of the room, one module a table. Each function runs one statement; an index serves each.

Row-level security shows only what belongs to the workspace of the scope (`server.core.tenancy`), and to the person of
the scope their own memberships and workspaces. Every query still names its workspace, or its person, first.
"""
