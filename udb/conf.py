"""Settings of the running half of the tool: what is embedded, where it listens, how many processes there are."""

import os
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from server.core.config import Section
from udb.ports import HOST

#: The checkout: the Procfile stands here and every process runs here.
ROOT: Final = Path(__file__).resolve().parents[1]

_CORES: Final = os.cpu_count() or 1


class Tool(Section):
    """What `udb up` reads from the environment. A port of 0 means any free port."""

    database_url: SecretStr | None = Field(None, description="an external Postgres; without it one is embedded")
    broker_url: SecretStr | None = Field(None, description="an external broker; without it a Redis is embedded")
    smtp_url: SecretStr | None = Field(None, description="smtp:// URL; without it mail is written to VAR_DIR/mail")
    secret_keys: SecretStr | None = Field(None, description="the key ring; without it one is made in VAR_DIR/secrets")
    public_url: str | None = Field(
        None, description="where clients reach the product; default http://127.0.0.1:HTTP_PORT"
    )
    var_dir: Path = Field(ROOT / "var", description="the folder of all data of an installation on this machine")
    http_port: int = Field(
        8080, ge=0, le=65535, description="REST, gRPC and Swagger UI; the only port that must be free"
    )
    http_host: IPv4Address = Field(
        IPv4Address(HOST), description="address that Envoy listens on; 0.0.0.0 opens it to the network"
    )
    tls_port: int = Field(8443, ge=0, le=65535, description="a second listener, when the two files of TLS are given")
    tls_certificate: Path | None = Field(None, description="PEM file of the certificate and its chain")
    tls_private_key: Path | None = Field(None, description="PEM file of the key of TLS_CERTIFICATE")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="origins that browsers may call from, separated by commas; `^…` is a regular expression, * any",
    )
    trusted_hops: int = Field(0, ge=0, le=16, description="proxies before Envoy that append to X-Forwarded-For")
    rpc_port: int = Field(
        50051, ge=0, le=65535, description="preferred port of the first server process; others follow"
    )
    streams_port: int = Field(50041, ge=0, le=65535, description="preferred gRPC port of the stream process")
    streams_http_port: int = Field(50042, ge=0, le=65535, description="preferred HTTP port of the stream process")
    admin_port: int = Field(9901, ge=0, le=65535, description="preferred port of Envoy's admin interface")
    postgres_port: int = Field(5432, ge=0, le=65535, description="preferred port of the embedded Postgres")
    redis_port: int = Field(6379, ge=0, le=65535, description="preferred port of the embedded Redis")
    postgres_fsync: bool = Field(default=True, description="false loses data when the machine crashes: for tests only")
    server_processes: int = Field(min(_CORES, 4), ge=1, le=64, description="server processes behind Envoy")
    worker_processes: int = Field(max(1, min(_CORES // 2, 4)), ge=1, le=64, description="worker processes")
    deliverer_processes: int = Field(min(_CORES, 2), ge=1, le=64, description="processes that send webhooks")
    runner_processes: int = Field(min(_CORES, 2), ge=1, le=64, description="processes that run workflows")
    procfile: Path = Field(ROOT / "Procfile", description="the list of the product's processes")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole_tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_private_key is None):
            raise ValueError("TLS_CERTIFICATE and TLS_PRIVATE_KEY go together: give both or none")
        return self
