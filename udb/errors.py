"""The one error of the command line tool."""


class ToolError(Exception):
    """What went wrong and what to do, in one sentence (further lines are evidence). Ends the command with status 1."""
