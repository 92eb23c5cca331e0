"""`python -m udb.openapi DESCRIPTORS OUTDIR` writes openapi.json and openapi.yaml.

DESCRIPTORS is a serialised FileDescriptorSet that protoc wrote with --include_imports and
--include_source_info. The same descriptors always give the same bytes.
"""

import argparse
import json
import sys
from pathlib import Path

import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from udb.openapi import ContractError, generate
from udb.openapi.formats import Json


class _PlainDumper(yaml.SafeDumper):
    """Writes a value that stands in several places in each of them: not every reader knows anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class sets the signature
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _write_text)


def as_json(document: Json) -> str:
    """Return the document as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_yaml(document: Json) -> str:
    """Return the document as YAML text, with long texts as blocks."""
    return yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)


def main() -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m udb.openapi", description="Write the OpenAPI document.")
    parser.add_argument("descriptors", type=Path, help="a FileDescriptorSet with imports and source info")
    parser.add_argument("outdir", type=Path, help="where openapi.json and openapi.yaml go")
    arguments = parser.parse_args()
    try:
        document = generate(FileDescriptorSet.FromString(arguments.descriptors.read_bytes()))
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    arguments.outdir.mkdir(parents=True, exist_ok=True)
    (arguments.outdir / "openapi.json").write_text(as_json(document), encoding="utf-8")
    (arguments.outdir / "openapi.yaml").write_text(as_yaml(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
