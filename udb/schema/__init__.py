"""The schema in the documentation: a diagram and a page, made of what a freshly migrated database says of itself."""

from udb.schema.documents import render, write

__all__ = ["render", "write"]
