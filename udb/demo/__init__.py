"""`udb demo`: fills an installation with people and workspaces to look around in."""

from udb.demo.filling import Outcome, fill
from udb.demo.report import show

__all__ = ["Outcome", "fill", "show"]
