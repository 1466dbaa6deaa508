"""The settings: environment variables named ``ATHENA_*``, or the same names in ``.env``."""

from __future__ import annotations

import ipaddress
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

WEAK_SECRET_LENGTH = 32
FROM_FILES = ("database_url", "secret_key", "bootstrap_password", "metrics_token")
"""What may also be in a file, whose path is the setting of that name with ``_file`` behind it."""
LONGEST_SECRET = 65_536
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?")


class Environment(StrEnum):
    """Where this instance runs. ``production`` refuses to start with anything left at an insecure default."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class OidcSettings(BaseSettings):
    """The external identity provider behind ``X-Multiplai-Authorization``. Off while ``issuer`` is empty."""

    model_config = SettingsConfigDict(env_prefix="ATHENA_OIDC_", env_file=".env", extra="ignore")

    issuer: str = ""
    audience: str = ""
    jwks_url: str = ""
    userinfo_url: str = ""
    organizations_claim: str = "organizations"


class McpServer(BaseModel):
    """A program that speaks MCP on its standard input and output. Who sets the settings trusts it."""

    model_config = ConfigDict(extra="forbid")

    command: Annotated[str, Field(min_length=1)]
    args: list[str] = Field(default_factory=list[str])
    env: dict[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """What it gets beside ``PATH``, ``HOME`` and the like."""


class Settings(BaseSettings):
    """Everything that can be set from outside. Each field's environment variable is ``ATHENA_`` and its name."""

    model_config = SettingsConfigDict(env_prefix="ATHENA_", env_file=".env", extra="ignore")

    database_url: SecretStr | None = None
    """An outside PostgreSQL 15+ with pgvector. Unset: the embedded one, kept in ``data_dir``."""
    database_url_file: Path | None = None
    data_dir: Path = Path("data")
    secret_key: SecretStr | None = None
    """32 characters or more; it encrypts credentials. Unset in development: made once, kept in ``data_dir``."""
    secret_key_file: Path | None = None
    secret_key_previous: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Former secret keys, separated by commas: what they sealed can still be opened."""
    public_url: str = ""
    """The address that users reach, for links and cookies. Unset: ``http://host:port``."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    bootstrap_email: str = "owner@example.com"
    bootstrap_password: SecretStr | None = None
    """The first owner's password. Unset in development: made at random, printed, and kept in ``data_dir``."""
    bootstrap_password_file: Path | None = None
    environment: Environment = Environment.DEVELOPMENT
    local_model: Literal["none", "0.5b", "1.5b"] = "0.5b"
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of reverse proxies whose ``X-Forwarded-For`` is believed, separated by commas."""
    egress_allow: Annotated[tuple[str, ...], NoDecode] = ()
    """Private hosts, addresses or networks that outgoing requests may reach, separated by commas."""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: bool = False
    """Whether each request is logged, and not only those that fail inside Athena."""
    slow_query_ms: Annotated[int, Field(ge=0)] = 500
    """From how many milliseconds on a statement is logged; 0: none is."""
    metrics_token: SecretStr | None = None
    """The bearer token of who may read ``/metrics``. Unset: callers on this machine may, without one."""
    metrics_token_file: Path | None = None
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """A port for ``/metrics`` and ``/health`` alone, of processes that answer no requests or share their port."""
    otlp_endpoint: str = ""
    """The base URL of a collector that takes traces by OTLP over HTTP, such as ``http://127.0.0.1:4318``."""
    telemetry_content: bool = False
    """Whether traces hold what people, models and tools have said."""
    trace_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts of models, tools and MCP servers that are told of the trace that a request belongs to."""
    database_pool_size: Annotated[int, Field(ge=2, le=200)] = 16
    max_body_bytes: Annotated[int, Field(ge=1024)] = 2 * 1024 * 1024
    max_upload_bytes: Annotated[int, Field(ge=1024)] = 25 * 1024 * 1024
    max_export_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024 * 1024
    """How large the file of an export may become."""
    body_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    model_timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    """The total time that one model call may take, its retries excluded."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """How many runs one process is at work on at a time; others wait until one has ended or waits itself."""
    memory_quiet_seconds: Annotated[float, Field(gt=0)] = 600.0
    """After how long without a message a thread is read for what is worth remembering."""
    memory_cost_per_thread: Annotated[float, Field(ge=0)] = 0.05
    """US dollars a day that reading one thread may cost."""
    memory_cost_per_workspace: Annotated[float, Field(ge=0)] = 1.0
    """US dollars a day that reading all threads of one workspace may cost."""
    lease_seconds: Annotated[float, Field(gt=0)] = 15.0
    """How long a process may be silent before another one takes over its runs."""
    shutdown_grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 2.0
    """How long a process that is told to end lets the steps of its runs come to their ends."""
    rate_limit_token: Annotated[int, Field(ge=0)] = 60_000
    """Requests a minute that one credential may make; 0: as many as it likes."""
    rate_limit_workspace: Annotated[int, Field(ge=0)] = 300_000
    """Requests a minute that may be made in one workspace; 0: as many as they like."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages may call the API with a token, separated by commas, such as ``https://app.example.com``."""
    mcp_servers: dict[Annotated[str, Field(min_length=1, max_length=100)], McpServer] = Field(
        default_factory=dict[str, McpServer]
    )
    """MCP servers that tools may name, run as programs: JSON such as ``{"name": {"command": …, "args": […]}}``."""
    oidc: OidcSettings = Field(default_factory=OidcSettings)

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, object]) -> dict[str, object]:
        found = {name: _content(name, values) for name in FROM_FILES if values.get(f"{name}_file")}
        return {**values, **found}

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            ipaddress.ip_network(entry)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if ORIGIN.fullmatch(entry) is None:
                raise ValueError(f"{entry} is no origin: give a scheme and a host, such as https://app.example.com")
        return value

    @field_validator(
        "egress_allow", "trusted_proxies", "cors_origins", "secret_key_previous", "trace_hosts", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _collector(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("give an address such as http://127.0.0.1:4318")
        return value

    @field_validator("egress_allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if "/" in entry:
                ipaddress.ip_network(entry)
        return value

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            key = self.secret_key.get_secret_value() if self.secret_key else ""
            if len(key) < WEAK_SECRET_LENGTH or len(set(key)) < WEAK_SECRET_LENGTH // 4:
                raise ValueError(
                    f"ATHENA_SECRET_KEY must be set to at least {WEAK_SECRET_LENGTH} random characters in production"
                )
            if self.oidc.issuer and not self.oidc.audience:
                raise ValueError(
                    "ATHENA_OIDC_AUDIENCE must be set in production: else other programs' tokens are taken"
                )
            password = self.bootstrap_password.get_secret_value() if self.bootstrap_password else None
            if password is not None and len(password) < 12:  # noqa: PLR2004
                raise ValueError("ATHENA_BOOTSTRAP_PASSWORD must have at least 12 characters in production")
        return self

    @property
    def traces(self) -> bool:
        """Whether traces are made; OpenTelemetry's own variables count, too."""
        own = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        return bool(self.otlp_endpoint or any(map(os.environ.get, own)))

    @property
    def base_url(self) -> str:
        """The address that users reach, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def _content(name: str, values: dict[str, object]) -> str:
    """The secret in the file that a setting names, without the end of its line."""
    variable = f"ATHENA_{name.upper()}"
    if values.get(name):
        raise ValueError(f"{variable} and {variable}_FILE are both set; one of them is to be")
    path = Path(str(values[f"{name}_file"]))
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_SECRET + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{variable}_FILE: {path} cannot be read") from error
    if not content or len(content) > LONGEST_SECRET or "\n" in content:
        raise ValueError(f"{variable}_FILE: {path} does not hold one line with a secret")
    return content
