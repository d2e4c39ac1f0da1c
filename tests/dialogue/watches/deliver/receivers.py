"""Receivers on loopback for the tests of delivery: a scripted web server, a small MQTT broker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with what `answers` holds, in turn, and 204 when that is used up."""

    url: str
    posts: list[Post] = field(default_factory=list)
    answers: list[bytes | None] = field(default_factory=list)  # None: no answer at all

    @property
    def keys(self) -> list[str]:
        return [post.headers["webhook-id"] for post in self.posts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.posts.append(Post(first.split(" ")[1], headers, body))
            answer = self.answers.pop(0) if self.answers else b"HTTP/1.1 204 No Content\r\n\r\n"
            if answer is None:
                await reader.read()  # until the sender gives up
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Thing", "content-length: 0", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextlib.asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver("")
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    try:
        yield receiver
    finally:
        server.close()


@dataclass
class Broker:
    """The least of MQTT 3.1.1 that a publisher at QoS 1 needs."""

    port: int = 0
    refuses: bool = False
    is_silent: bool = False  # takes messages and never acknowledges
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                kind = (await reader.readexactly(1))[0]
                size = shift = 0
                while True:
                    byte = (await reader.readexactly(1))[0]
                    size |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                await self.take(kind, await reader.readexactly(size), writer)
        writer.close()

    async def take(self, kind: int, body: bytes, writer: asyncio.StreamWriter) -> None:
        if kind >> 4 == 1:  # CONNECT -> CONNACK
            self.logins.append(body)
            writer.write(bytes([0x20, 2, 0, 5 if self.refuses else 0]))
        elif kind >> 4 == 3:  # PUBLISH -> PUBACK
            length = int.from_bytes(body[:2], "big")
            topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
            assert (kind >> 1) & 3 == 1, "only QoS 1 is expected"
            if not self.is_silent:
                self.messages.append((topic, json.loads(rest[2:])))
                writer.write(bytes([0x40, 2]) + rest[:2])
        await writer.drain()


@contextlib.asynccontextmanager
async def broking(**how: bool) -> AsyncIterator[Broker]:
    broker = Broker(**how)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
