"""Settings: read from the environment once, validated together, frozen.

Each room declares one `Section` in its `conf.py`. `check` reads them all at start and lists every fault in one
message, so that an operator mends a wrong environment in one round.
"""

import base64
import binascii
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_KEY_BYTES: Final = 32
_KEY_NAME_MAX: Final = 16

T = TypeVar("T", bound="Section")


class ConfigurationError(Exception):
    """The environment does not give a working installation. The text lists every fault, one a line."""


class Section(BaseSettings):
    """Base of a room's settings. Field names are the names of environment variables, in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def from_environment(cls) -> Self:
        """This section as the environment gives it. Raises pydantic's ValidationError."""
        return cls()


class Core(Section):
    """What every process needs."""

    database_url: SecretStr = Field(description="postgresql:// URL of the owner's login, Postgres 15 or newer")
    broker_url: SecretStr = Field(description="redis:// or amqp:// URL of the broker")
    secret_keys: SecretStr = Field(description="id:base64 of 32 bytes, the current key first, older ones after commas")
    public_url: str = Field(
        "http://127.0.0.1:8080", description="where clients reach the product; mailed links start so"
    )
    var_dir: Path = Field(Path("var"), description="the folder of all data of an installation on this machine")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="the least level that is logged")
    server_threads: int = Field(8, ge=1, le=256, description="calls one server process works on at a time")
    otel_exporter_otlp_endpoint: str = Field("", description="where traces go (OTLP over HTTP); empty: no traces")

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("broker_url")
    @classmethod
    def _is_broker(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://", "amqp://", "amqps://")):
            raise ValueError("must start with redis:// or amqp://")
        return value

    @field_validator("secret_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        parse_keys(value.get_secret_value())
        return value


def parse_keys(text: str) -> dict[str, bytes]:
    """The key ring of `text`: key ids to 32 bytes, the current one first. Raises ValueError with what to write."""
    keys: dict[str, bytes] = {}
    for entry in text.split(","):
        name, _, encoded = entry.strip().partition(":")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            secret = b""
        if not name or len(name) > _KEY_NAME_MAX or not name.isascii() or len(secret) != _KEY_BYTES or name in keys:
            raise ValueError("must be entries `id:base64` of 32 bytes each, ids unique and at most 16 characters")
        keys[name] = secret
    return keys


@cache
def read(section: type[T]) -> T:
    """The one instance of `section` in this process. Raises ConfigurationError."""
    check([section])
    return section.from_environment()


def check(sections: Sequence[type[Section]]) -> None:
    """Raise one ConfigurationError with every fault of all `sections`; values are never shown."""
    faults = []
    for section in sections:
        try:
            section.from_environment()
        except ValidationError as error:
            faults += [_sentence(section, fault) for fault in error.errors(include_input=False)]
    if faults:
        raise ConfigurationError("The settings do not hold:\n" + "\n".join(f"  {fault}" for fault in faults))


def _sentence(section: type[Section], fault: Any) -> str:
    name = str(fault["loc"][0]) if fault["loc"] else section.__name__
    description = section.model_fields[name].description if name in section.model_fields else None
    text = "is missing" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
    return f"{name.upper()} {text}" + (f" ({description})" if description else "")
