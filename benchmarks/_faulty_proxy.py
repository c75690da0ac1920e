"""A proxy in front of a store of HTTP that fails a share of the requests, for `stores.py`.

    python benchmarks/_faulty_proxy.py HOST:PORT SHARE SEED

It prints its port. A failed request gets the status 503 or 500, or its connection is cut before the
answer or in the middle of it. ``GET /counts`` gives the number of requests and of failures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import sys
from collections import Counter

FAULTS = ("503", "500", "no answer", "half an answer")

BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"

CONNECTION = re.compile(rb"(?im)^(connection|expect):[^\n]*\n")
"""Headers of one connection, which a proxy does not pass on."""


class FaultyProxy:
    """Passes requests on, one for each connection, or fails them."""

    def __init__(self, upstream: str, share: float, seed: int) -> None:
        self.host, _, self.port = upstream.rpartition(":")
        self.share = share
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that goes away ends its request.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /counts "):
                writer.write(response(200, json.dumps(self.counts).encode()))
            else:
                writer.write(await self.answer(head, reader, writer))
            await writer.drain()
        writer.close()

    async def answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """The answer, or what a fault leaves of it."""
        self.counts["requests"] += 1
        is_failed = self.random.random() < self.share
        fault = self.random.choice(FAULTS) if is_failed else ""
        self.counts += Counter([fault] if fault else [])
        if re.search(rb"(?im)^expect: *100", head):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_body(head, reader)
        if fault in ("503", "500"):
            return response(int(fault), BUSY)
        if fault == "no answer":
            return b""
        content = await self.forward(head, body)
        return content[: len(content) // 2] if fault else content

    async def forward(self, head: bytes, body: bytes) -> bytes:
        own = CONNECTION.sub(b"", head[:-2]) + b"Connection: close\r\n\r\n"
        reader, writer = await asyncio.open_connection(self.host, int(self.port))
        writer.write(own + body)
        await writer.drain()
        content = await reader.read()
        writer.close()
        return content

    async def serve(self) -> None:
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0, limit=2**26)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def read_body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """The body of a request as it was sent."""
    if re.search(rb"(?im)^transfer-encoding: *chunked", head):
        return await reader.readuntil(b"\r\n0\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *([0-9]+)", head)
    return await reader.readexactly(int(length[1])) if length else b""


def response(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    upstream, share, seed = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(FaultyProxy(upstream, float(share), int(seed)).serve())
