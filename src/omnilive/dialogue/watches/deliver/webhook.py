"""Posts an alert to an HTTP address, signed as Standard Webhooks (standardwebhooks.com) lays down.

    POST <url>
    webhook-id: <key of this alert and target, the same at every attempt>
    idempotency-key: <the same>
    webhook-timestamp: <Unix seconds of this attempt>
    webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">

Any 2xx answer within the time limit means taken. Redirects are not followed, and of the answer
only status and headers are looked at, so that no receiver can hold up or fill anything.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import math
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from omnilive import __version__
from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError, SourceError, StoreError
from omnilive.dialogue.watches.deliver.base import NotDelivered, Parcel
from omnilive.media.base import MediaConfig
from omnilive.media.reach import Reach

SECRET_FILE = "webhook-secret"
PREFIX = "whsec_"
MAX_WAIT_S = 3600.0  # however long a receiver asks to be left alone
_GONE = (410,)  # "never again"


class WebhookSender:
    """Plain HTTPS; private addresses only where the settings of sources allow them."""

    def __init__(
        self, secret: Callable[[], bytes], timeout_s: float, media: MediaConfig | None = None
    ) -> None:
        """`secret` is asked for at every attempt, so that none is made before there is any."""
        self._secret, self._timeout_s = secret, timeout_s
        self._reach = Reach(media) if media is not None and media.public_only else None

    async def send(self, parcel: Parcel) -> None:
        """Post it. Raises NotDelivered."""
        url = str(parcel.target["url"])
        body = json.dumps(parcel.alert, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed(self._secret(), parcel.key, body, wall_time())
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._post(url, body, headers)
        except TimeoutError as error:
            raise NotDelivered(f"no answer within {self._timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}"[:200]) from error

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        target, extensions = url, {}
        if self._reach is not None:
            place = await asyncio.to_thread(self._checked, url)
            # Connected to by the address that was checked: a name may lead elsewhere next time.
            parts = urlsplit(url)
            host = parts.hostname or ""
            target = str(httpx.URL(url).copy_with(host=place))
            headers = headers | {"host": parts.netloc.rpartition("@")[2]}
            extensions = {"sni_hostname": host}
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
            request = client.build_request(
                "POST", target, content=body, headers=headers, extensions=extensions,
                timeout=self._timeout_s,
            )  # fmt: skip
            answer = await client.send(request, stream=True)  # the body is never read
            try:
                _check(answer)
            finally:
                await answer.aclose()

    def _checked(self, url: str) -> str:
        """Return an address of the host that may be connected to."""
        assert self._reach is not None
        parts = urlsplit(url)
        try:
            self._reach.pinned(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            return self._reach.resolve(parts.hostname or "", port)[0].ip
        except SourceError as error:
            raise NotDelivered(error.reason, again="not found" in error.reason) from error
        except PermissionError as error:
            raise NotDelivered(str(error), again=False) from error


def signed(secret: bytes, key: str, body: bytes, now_s: float) -> dict[str, str]:
    """Return the headers of one attempt."""
    stamp = str(int(now_s))
    digest = hmac.new(secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "user-agent": f"omnilive/{__version__}",
        "idempotency-key": key,
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def secret_bytes(text: str) -> bytes:
    """Return the key of a secret: the bytes behind whsec_ in base64, or the text itself."""
    if not text.startswith(PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ConfigError("delivery.secret begins with whsec_, but no base64 follows") from error


def stored_secret(folder: Path) -> str:
    """Return the secret of this installation; it is made when there is none yet."""
    path = folder / SECRET_FILE
    try:
        if path.is_file():
            return path.read_text().strip()
        folder.mkdir(parents=True, exist_ok=True)
        secret = PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
        part = path.with_name(f"{SECRET_FILE}.{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secret + "\n")
        try:
            os.link(part, path)  # the first of two processes wins
        except FileExistsError:
            pass
        part.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise StoreError(f"cannot keep the webhook secret in {path}: {error.strerror}") from error


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    reason = f"answered {status} {answer.reason_phrase}".strip()[:200]
    if 300 <= status < 400:
        reason += ": redirects are not followed, put the final address into the watch"
    raise NotDelivered(reason, again=status not in _GONE, retry_after_s=_retry_after(answer))


def _retry_after(answer: httpx.Response) -> float | None:
    try:
        wait_s = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(max(0.0, wait_s), MAX_WAIT_S) if math.isfinite(wait_s) else None
