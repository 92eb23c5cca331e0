"""What the edge reads from the contract's descriptor, so that nothing is written by hand for a service."""

import re
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from udb.openapi.contract import ROOT_PACKAGE, Binding, bindings


@dataclass(frozen=True)
class Verbs:
    """Paths that take the same HTTP methods."""

    allowed: tuple[str, ...]
    """The HTTP methods, in alphabetical order."""
    pattern: str
    """The regular expression (RE2) of the paths, with or without a query."""


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
        self.streaming = [
            f"/{method.containing_service.full_name}/{method.name}" for method in methods if method.server_streaming
        ]
        """The gRPC paths of the methods that stream their answers."""

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
    variables = ["[^/:]+" if number == last and not parts[last] else "[^/]+" for number in range(1, last + 1)]
    return "".join(text for pair in zip(map(re.escape, parts), [*variables, ""], strict=True) for text in pair)
