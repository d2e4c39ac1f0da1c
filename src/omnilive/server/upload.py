"""A multipart request in, a file on disk out, piece by piece: it is never whole in memory."""

import re
import secrets
from pathlib import Path, PurePosixPath

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from omnilive.core.errors import StoreError
from omnilive.server.errors import Refusal
from omnilive.server.guard import states_more

FIELD = b"file"
_PIECE_BYTES = 2**20
_FORM_SLACK_BYTES = 2**16  # boundaries and headers around the file
_ODD = re.compile(r"[^\w.-]+")


async def receive_file(request: Request, folder: Path, max_bytes: int) -> Path:
    """Write the field `file` of a form into `folder`; return its path.

    A file that is too large is refused with 413. Nothing stays of one that was cut off.
    """
    stated = request.headers.get("content-length", "")
    if states_more(stated, max_bytes + _FORM_SLACK_BYTES):
        raise _too_large(max_bytes)
    form = _Form(request.headers.get("content-type", ""))
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        await _write(request, form, part, max_bytes)
        path = folder / _free_name(folder, form.filename)
        part.rename(path)
    except ClientDisconnect:
        raise Refusal(400, "cut_off", "the upload was cut off") from None
    except OSError as error:
        raise StoreError(f"the upload cannot be stored: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return path


async def _write(request: Request, form: "_Form", part: Path, max_bytes: int) -> None:
    part.parent.mkdir(exist_ok=True)
    body_bytes = 0
    with open(part, "wb") as file:  # noqa: ASYNC230  (what takes time, writing, is on a thread)
        async for chunk in request.stream():
            form.feed(chunk)
            body_bytes += len(chunk)
            if form.size > max_bytes or body_bytes > max_bytes + _FORM_SLACK_BYTES:
                raise _too_large(max_bytes)
            if len(form.data) >= _PIECE_BYTES:
                await run_in_threadpool(file.write, form.take())
        form.finish()
        await run_in_threadpool(file.write, form.take())


class _Form:
    """Reads the first field `file` out of a form; passes over everything else."""

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        self.filename = ""
        self.data = bytearray()
        self.size = 0  # of the file so far
        self._found = self._inside = self._ended = False
        self._header = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _malformed(error) from error

    def feed(self, chunk: bytes) -> None:
        """Take in a piece of the body; what it holds of the file is added to `data`."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(error) from error

    def take(self) -> bytes:
        """Return and forget the bytes of the file that have come since the last time."""
        data, self.data = bytes(self.data), bytearray()
        return data

    def finish(self) -> None:
        """Refuse a form that has not come to its end, or that had no file."""
        if not self._ended:
            raise Refusal(400, "cut_off", "the upload ended early")
        if not self._found:
            raise Refusal(422, "invalid", "the form has no field named file")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._inside = not self._found and options.get(b"name") == FIELD
        if self._inside:
            self._found = True
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.data += data[start:end]
            self.size += end - start

    def _on_part_end(self) -> None:
        self._inside = False

    def _on_end(self) -> None:
        self._ended = True


def _free_name(folder: Path, filename: str) -> str:
    """Return a harmless name like the one the user gave, that no file has yet."""
    last = PurePosixPath(filename.replace("\\", "/")).name
    path = PurePosixPath(_ODD.sub("_", last).strip("._") or "upload")
    stem, suffix = path.stem[:80], path.suffix[:12]
    names = (f"{stem}{'-' + str(i) if i else ''}{suffix}" for i in range(1_000_000))
    return next(name for name in names if not (folder / name).exists())


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, "too_large", f"the file is larger than {max_bytes / 2**20:.0f} MiB")


def _malformed(error: FormParserError) -> Refusal:
    return Refusal(400, "malformed", f"the form cannot be read: {error}")
