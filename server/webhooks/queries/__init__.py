"""The SQL of the room, one module a table or a task. Each function runs one statement; an index serves each.

Row-level security shows only what belongs to the workspace of the scope (`server.core.tenancy`). Every query of the
API still names its workspace first; those of the workers see all workspaces.
"""
