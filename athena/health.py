"""``athena health``: whether the Athena of this machine answers, for what watches a container or a service."""

from __future__ import annotations

import http.client
from typing import Final

from athena.config import Settings
from athena.kit.errors import StartupError

SECONDS: Final = 5.0
ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, not what is asked


def check_health(settings: Settings) -> None:
    """Asks ``/health/ready`` of the server at the settings' address; :class:`StartupError` unless it is ready."""
    host = ANYWHERE.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise StartupError(f"nothing answers at {host}:{settings.port}: {error}") from error
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise StartupError(f"the server at {host}:{settings.port} is not ready ({status})")
