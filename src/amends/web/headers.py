"""Headers on every answer: what a browser may do with our pages, which is little.

Nothing inline, nothing from elsewhere, never in a frame. The buyers' pages run no script at all.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def _policy(script: str) -> str:
    parts = {
        "default-src": "'none'",
        "script-src": script,
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


CONTENT_POLICY: Final = _policy("'self'")
SCRIPTLESS_POLICY: Final = _policy("'none'")

HEADERS: Final = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""A route may set a stricter one of its own."""

YEAR_SECONDS: Final = 365 * 24 * 60 * 60


class SafeHeaders:
    """ASGI middleware that sets the headers above, and keeps what people see out of shared caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", _caching(scope))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _caching(scope: Scope) -> str:
    # The address of a static file changes with its content.
    if scope["path"].startswith("/static/") and scope.get("query_string", b"").startswith(b"v="):
        return f"public, max-age={YEAR_SECONDS}, immutable"
    return "no-store"
