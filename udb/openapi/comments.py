"""Reads the comments of the protos, because they are the text of the OpenAPI document.

Fields that a comment names in backticks get the names that they have in JSON.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, SourceCodeInfo

_BLOCK = re.compile(r"\s*(?:[-*|]|\d+\.)\s| {4}")
_FIELD_NAME = re.compile(r"`([a-z]+(?:_[a-z0-9]+)+)`")

# Filters and orders are texts of their own language, which has the names of the protos over REST too.
_KEPT_AS_WRITTEN = ("filter", "order_by")


@dataclass(frozen=True)
class Comment:
    """What stands above a declaration: one line, then the details. Both are Markdown and may be empty."""

    summary: str = ""
    details: str = ""

    @property
    def text(self) -> str:
        """The whole comment."""
        return "\n\n".join(part for part in (self.summary, self.details) if part)


class Comments:
    """The comments of a set of files, found by the full name of what they describe.

    The files must carry their source info. The name of an enum's value is the enum's full name, a dot and the
    value's name.
    """

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self._comments: dict[str, Comment] = {}
        files = list(files)
        json_names = dict(pair for file in files for message in file.message_type for pair in _names(message))
        for file in files:
            for location in file.source_code_info.location:
                name = _full_name(file, location)
                if name and location.leading_comments:
                    kept = name.rpartition(".")[2] in _KEPT_AS_WRITTEN
                    self._comments[name] = _parse(location.leading_comments, {} if kept else json_names)

    def of(self, full_name: str) -> Comment:
        """Return the comment above `full_name`, an empty one if there is none."""
        return self._comments.get(full_name, Comment())


def _full_name(file: FileDescriptorProto, location: SourceCodeInfo.Location) -> str | None:
    """Follow a path of `descriptor.proto`: pairs of a repeated field's number and an index in it."""
    if not location.path or len(location.path) % 2:
        return None
    node: Any = file
    names = [file.package]
    for number, index in zip(location.path[::2], location.path[1::2], strict=True):
        field = node.DESCRIPTOR.fields_by_number.get(number)
        if field is None or not field.is_repeated or field.message_type is None:
            return None
        node = getattr(node, field.name)[index]
        if not hasattr(node, "name") or not isinstance(node.name, str):
            return None
        names.append(node.name)
    return ".".join(names)


def _names(message: DescriptorProto) -> Iterator[tuple[str, str]]:
    """The name of each field in the protos and in JSON, those of nested messages too."""
    yield from ((field.name, field.json_name) for field in message.field)
    for nested in message.nested_type:
        yield from _names(nested)


def _parse(raw: str, json_names: Mapping[str, str]) -> Comment:
    lines = [line.removeprefix(" ").rstrip() for line in raw.strip("\n").splitlines()]
    text = _FIELD_NAME.sub(lambda found: f"`{json_names.get(found[1], found[1])}`", unwrap(lines))
    summary, _, details = text.partition("\n\n")
    return Comment(summary, details.strip())


def unwrap(lines: Iterable[str]) -> str:
    """Join the lines of each paragraph and list item: some viewers show every line end as a break."""
    joined: list[str] = []
    for line in lines:
        goes_on = bool(joined and joined[-1] and line) and not _BLOCK.match(line)
        if goes_on and not joined[-1].startswith("    "):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    return "\n".join(joined)
