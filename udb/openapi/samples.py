"""Writes the call of an operation as a shell command, for viewers that show code samples."""

import json
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from udb.openapi.contract import Binding
from udb.openapi.formats import Json

BASE_URL = "http://127.0.0.1:8080"


def curl(binding: Binding, operation: Json) -> str:
    """Return the curl command that sends the operation's example to an installation on this machine."""
    parameters = [each for each in operation.get("parameters", []) if "example" in each]
    path = binding.path
    for each in parameters:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", quote(str(each["example"])))
    pairs = {each["name"]: _text(each["example"]) for each in parameters if each["in"] == "query"}
    query = f"?{urlencode(pairs, doseq=True, safe=',')}" if pairs else ""
    verb = "" if binding.verb == "get" else f"-X {binding.verb.upper()} "
    lines = [f"curl {verb}{shlex.quote(BASE_URL + path + query)}"]
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        body = content.get("application/json", content.get("*/*"))["example"]
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(text)}")
    return " \\\n  ".join(lines)


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
