"""Asks any OpenAI-compatible endpoint, and keeps each answer, so that a stopped run goes on."""

import hashlib
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from omnilive.core.errors import BackendError, ConfigError
from omnilive.core.masking import masked

BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
NO_ACCESS = frozenset({401, 403, 404, 405})
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Where the language model is, and how it is asked."""

    base_url: str  # as http://localhost:8000/v1
    model: str
    api_key: str = field(default="", repr=False)
    concurrency: int = 4
    tries: int = 5
    wait_s: float = 1.0  # before the second try; doubles
    timeout_s: float = 120.0
    max_tok: int = 2048


class Failed(Exception):
    """One dialogue could not be had; the reason is the message, a short kind for counting."""


class Endpoint:
    """Asks for chat completions, several at a time, each answer kept in a cache file.

    `pause` waits between tries. Safe to call from several threads.
    """

    def __init__(
        self,
        config: EndpointConfig,
        cache: Path | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        if not config.base_url.startswith(("http://", "https://")):
            raise ConfigError(f"--base-url: {masked(config.base_url)!r} is no http(s) address")
        self.config, self.failures = config, Counter[str]()
        self.asked = self.cached = 0
        self._cache = Cache(cache)
        self._pause = pause or threading.Event().wait
        self._lock = threading.Lock()
        headers = {"Authorization": f"Bearer {config.api_key}"} if config.api_key else {}
        self._client = httpx.Client(headers=headers, timeout=config.timeout_s)

    def complete(self, prompt: str, seed: int = 0) -> str:
        """Return the answer to a prompt, from the cache where it is there.

        Raises Failed for this prompt alone, BackendError when the endpoint lets nobody in.
        """
        body = {
            "model": self.config.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": self.config.max_tok,
            "temperature": 0,
            "seed": seed,
        }
        key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        if (known := self._cache.get(key)) is not None:
            with self._lock:
                self.cached += 1
            return known
        text = self._asked(body)
        self._cache.put(key, text)
        return text

    def run(self, jobs: Iterable[Any], work: Callable[[Any], Any]) -> Iterator[tuple[Any, Any]]:
        """Yield (job, result) in the order of the jobs; result None where it failed (counted).

        A bounded number of jobs is under way at any time.
        """
        waiting: deque[tuple[Any, Future[Any]]] = deque()
        pool = ThreadPoolExecutor(self.config.concurrency, thread_name_prefix="endpoint")
        try:
            for job in jobs:
                waiting.append((job, pool.submit(work, job)))
                if len(waiting) >= 4 * self.config.concurrency:
                    yield self._result(*waiting.popleft())
            while waiting:
                yield self._result(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def count_failure(self, why: str) -> None:
        """Count something that did not come as it should."""
        with self._lock:
            self.failures[why] += 1

    def close(self) -> None:
        """Close the connections and the cache."""
        self._client.close()
        self._cache.close()

    def _result(self, job: Any, future: "Future[Any]") -> tuple[Any, Any]:
        try:
            return job, future.result()
        except Failed as error:
            self.count_failure(str(error))
            return job, None

    def _asked(self, body: dict[str, Any]) -> str:
        """Ask, again after a while where another try may help."""
        trouble = ""
        for attempt in range(self.config.tries):
            if attempt:
                self._pause(min(LONGEST_WAIT_S, self.config.wait_s * 2 ** (attempt - 1)))
            with self._lock:
                self.asked += 1
            try:
                reply = self._client.post(self._url, json=body)
            except httpx.HTTPError as error:
                trouble = f"no answer ({type(error).__name__})"
                continue
            if reply.status_code in NO_ACCESS:
                raise BackendError(self._refusal(reply))
            if reply.status_code in BUSY:
                trouble = f"status {reply.status_code}"
                self._wait_as_told(reply)
                continue
            return _content(reply)
        raise Failed(f"gave up: {trouble}")

    @property
    def _url(self) -> str:
        return self.config.base_url.rstrip("/") + "/chat/completions"

    def _wait_as_told(self, reply: httpx.Response) -> None:
        told = reply.headers.get("retry-after", "")
        if told.isdigit():
            self._pause(min(LONGEST_WAIT_S, float(told)))

    def _refusal(self, reply: httpx.Response) -> str:
        text = reply.text[:300].strip()
        if self.config.api_key:  # some endpoints repeat it
            text = text.replace(self.config.api_key, "***")
        return (
            f"{masked(self.config.base_url)} answered {reply.status_code}: {text} "
            "(check --base-url, --model and the key)"
        )


class Cache:
    """Answers by the hash of what was asked, one JSON line each; a torn last line is dropped."""

    def __init__(self, path: Path | None) -> None:
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        self._file = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file():
                self._read(path)
            self._file = path.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise ConfigError(f"--cache: {path} cannot be written: {error.strerror}") from error

    def get(self, key: str) -> str | None:
        """Return what is known."""
        with self._lock:
            return self._known.get(key)

    def put(self, key: str, text: str) -> None:
        """Keep it, on disk before anything else happens."""
        with self._lock:
            self._known[key] = text
            if self._file is not None:
                self._file.write(json.dumps({"key": key, "text": text}) + "\n")
                self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _read(self, path: Path) -> None:
        data = path.read_bytes()
        for line in data.split(b"\n"):
            try:
                found = json.loads(line)
                self._known[str(found["key"])] = str(found["text"])
            except (ValueError, KeyError, TypeError):
                continue
        if data and not data.endswith(b"\n"):  # killed while writing: the next line starts afresh
            with path.open("ab") as file:
                file.write(b"\n")


def _content(reply: httpx.Response) -> str:
    if reply.status_code >= 400:
        raise Failed(f"refused: status {reply.status_code}")
    try:
        text = reply.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Failed("no chat completion in the answer") from error
    if not isinstance(text, str) or not text.strip():
        raise Failed("an empty answer")
    return text
