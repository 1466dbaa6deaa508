"""The console's cookies: the session, which scripts cannot read, and the token against forgery, which they must."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Response

from athena.auth.service import SESSION_LIFETIME
from athena.config import Environment, Settings

CSRF_HEADER = "X-CSRF-Token"

# With the prefix a browser takes the cookie over HTTPS alone, for this very host, from no other host of the domain.
SESSION_COOKIES = ("__Host-athena_session", "athena_session")
CSRF_COOKIES = ("__Host-athena_csrf", "athena_csrf")


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of one installation, as keyword arguments of ``Response.set_cookie`` and ``delete_cookie``."""

    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Cookies:
        """Secure wherever users come by HTTPS, and in production always."""
        return cls(settings.base_url.startswith("https://") or settings.environment is Environment.PRODUCTION)

    def set(self, response: Response, secret: str, csrf_token: str) -> None:
        """Signs the browser in."""
        lifetime = int(SESSION_LIFETIME.total_seconds())
        response.set_cookie(value=secret, max_age=lifetime, **self.place(readable=False))
        response.set_cookie(value=csrf_token, max_age=lifetime, **self.place(readable=True))

    def clear(self, response: Response) -> None:
        """Signs the browser out."""
        response.delete_cookie(**self.place(readable=False))
        response.delete_cookie(**self.place(readable=True))

    def place(self, *, readable: bool) -> dict[str, Any]:
        """Which cookie: the session's, or the ``readable`` one."""
        names = CSRF_COOKIES if readable else SESSION_COOKIES
        return {
            "key": names[0 if self.secure else 1],
            "path": "/",
            "secure": self.secure,
            "httponly": not readable,
            "samesite": "lax",
        }
