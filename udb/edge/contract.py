"""What the edge reads from the contract's descriptor, so that nothing is written by hand for a service."""

import re
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from udb.openapi.contract import ROOT_PACKAGE, Binding, bindings, takes_anything

#: The verb of a stream at the end of a regular expression.
_WATCH = ":watch"
#: What a variable of a path may be.
_VARIABLE = "[^/]+"
#: The field of a request that says how long its call may wait.
_WAIT = "wait"


@dataclass(frozen=True)
class Verbs:
    """Paths that take the same HTTP methods."""

    allowed: tuple[str, ...]
    """The HTTP methods, in alphabetical order."""
    pattern: str
    """The regular expression (RE2) of the paths, with or without a query."""


@dataclass(frozen=True)
class Streamed:
    """A method that the streams processes serve."""

    path: str
    """Its gRPC path."""
    endless: bool
    """Whether it streams its answers; if not, it may wait for its one answer."""


class Contract:
    """The product's services, as the descriptor at `path` tells them."""

    def __init__(self, path: Path) -> None:
        pool = DescriptorPool()
        names: list[str] = []
        for file in FileDescriptorSet.FromString(path.read_bytes()).file:
            pool.AddSerializedFile(file.SerializeToString())
            if f"{file.package}.".startswith(ROOT_PACKAGE):
                names += [f"{file.package}.{service.name}" for service in file.service]
        self.services = sorted(names)
        methods = [method for name in self.services for method in pool.FindServiceByName(name).methods]
        self.bindings: list[Binding] = [binding for method in methods for binding in bindings(method)]
        streams = {method.containing_service.full_name for method in methods if method.server_streaming}
        self.streamed = [
            Streamed(f"/{method.containing_service.full_name}/{method.name}", endless=method.server_streaming)
            for method in methods
            if method.containing_service.full_name in streams
        ]
        """The methods of the services that stream: the streams processes serve such a service whole."""
        self.waiting = [
            f"/{method.containing_service.full_name}/{method.name}"
            for method in methods
            if method.containing_service.full_name not in streams and _WAIT in method.input_type.fields_by_name
        ]
        """The gRPC paths of other methods that may wait for what they answer with."""
        self.watched = [
            _regex(binding.path)
            for binding in self.bindings
            if binding.method.server_streaming and binding.verb == "get"
        ]
        """The REST paths, as regular expressions (RE2), that the streams processes answer over HTTP themselves."""
        self.raw = [_regex(binding.path) for binding in self.bindings if takes_anything(binding)]
        """The REST paths, as regular expressions (RE2), whose bodies need not be JSON."""
        self.sockets = [
            f"{collection}:socket"
            for collection in (regex.removesuffix(_WATCH) for regex in self.watched if regex.endswith(_WATCH))
            if not collection.endswith(_VARIABLE)
        ]
        """The paths of WebSockets: one beside each stream of a collection whose verb is `watch`."""

    @property
    def verbs(self) -> list[Verbs]:
        """The REST paths, grouped by the HTTP methods that they take."""
        allowed: dict[str, set[str]] = {}
        for binding in self.bindings:
            allowed.setdefault(_regex(binding.path), set()).add(binding.verb.upper())
        groups: dict[tuple[str, ...], list[str]] = {}
        for regex, methods in sorted(allowed.items()):
            groups.setdefault(tuple(sorted(methods)), []).append(regex)
        return [Verbs(methods, rf"^(?:{'|'.join(found)})(?:\?.*)?$") for methods, found in sorted(groups.items())]


def _regex(template: str) -> str:
    """The paths that `template` stands for; the last variable holds no colon, which would start a custom verb."""
    parts = re.split(r"\{[^}]+\}", template)
    last = len(parts) - 1
    variables = ["[^/:]+" if number == last and not parts[last] else _VARIABLE for number in range(1, last + 1)]
    return "".join(text for pair in zip(map(re.escape, parts), [*variables, ""], strict=True) for text in pair)
