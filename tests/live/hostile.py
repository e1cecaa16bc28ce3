#!/usr/bin/env python3
"""A server that does one wrong thing for each path: /refuse-like faults of chat completions.

    hostile.py PORT_FILE      writes its port there; GET /log tells what became of each request

The first part of the path names the fault: /hang/v1/chat/completions never answers.
"""
import asyncio
import json
import sys
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
LOG = []


def word(text):
    return b'data: {"choices":[{"index":0,"delta":{"content":' + json.dumps(text).encode() + b"}}]}\n\n"


STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


async def say(w, data):
    w.write(data)
    await w.drain()


def plain(status, body, more=""):
    return (f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n").encode() + body


CLAUDE = (b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","role":"assistant","content":[],'
          b'"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
          b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text",'
          b'"text":""}}\n\n')
CLAUDE_END = (b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
              b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":'
              b'{"output_tokens":2}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n')


class Dialect:
    """How an agent's stream begins, says a word (bytes, perhaps broken), fails and ends."""

    def __init__(self, path):
        self.claude, self.run = path.endswith("/messages"), path.endswith("/events")

    def begin(self):
        return HEAD + (CLAUDE if self.claude else b"")

    def word(self, text):
        if self.claude:
            return (b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":'
                    b'"text_delta","text":"' + text + b'"}}\n\n')
        if self.run:
            return b'data: {"event":"message.delta","run_id":"run_1","delta":"' + text + b'"}\n\n'
        return b'data: {"choices":[{"index":0,"delta":{"content":"' + text + b'"}}]}\n\n'

    def error(self):
        if self.claude:
            return b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"the model fell over"}}\n\n'
        if self.run:
            return b'data: {"event":"run.failed","run_id":"run_1","error":"the model fell over"}\n\n'
        return b'data: {"error":{"message":"the model fell over"}}\n\n'

    def end(self):
        if self.claude:
            return CLAUDE_END
        return b'data: {"event":"run.completed","run_id":"run_1","output":""}\n\n' if self.run else STOP


FEATURES = b'{"features":{"run_submission":true,"run_events_sse":true,"run_stop":true}}'


async def agent_fault(kind, path, w):
    """The faults in the words of chat completions, of Anthropic's messages, and of Hermes's runs: what is named
    "events-…" happens in the events of a run, all else with the first request."""
    d = Dialect(path)
    if path.endswith("/capabilities"):
        await say(w, plain("200 OK", FEATURES))
    elif "/stop" in path:
        await say(w, plain("200 OK", b"{}"))
    elif path.endswith("/runs") and kind.startswith("events-"):
        await say(w, plain("202 Accepted", b'{"run_id":"run_1","status":"started"}'))
    elif path.endswith("/runs") and kind in ("cut", "error200", "badutf8", "huge", "drip"):
        if kind == "huge":
            await say(w, b"HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n" + b'{"run_id":"')
            for _ in range(1600):
                await say(w, b"y" * 65536)
        elif kind == "drip":
            await say(w, b"HTTP/1.1 202 Accepted\r\nContent-Length: 60\r\n\r\n")
            for b in b'{"run_id":"run_1","status":"started"}' + b" " * 23:
                await say(w, bytes([b]))
                await asyncio.sleep(1)
        else:
            await say(w, {"cut": b'HTTP/1.1 202 Accepted\r\nContent-Length: 60\r\n\r\n{"run_id":',
                          "error200": plain("200 OK", b'{"error":{"message":"the model fell over"}}'),
                          "badutf8": plain("202 Accepted", b'{"run_id":"run_\xe9"}')}[kind])
    else:
        kind = kind.removeprefix("events-")
        if kind == "cut":
            await say(w, d.begin() + d.word(b"Half an ") + b'data: {"choices":[{"del')
        elif kind == "error200":
            await say(w, d.begin() + d.error())
        elif kind == "badutf8":
            await say(w, d.begin() + d.word(b"Caf\xe9 is open.") + d.end())
        elif kind == "bytes":  # one a second, for ever
            for b in d.begin() + d.word(b"Drip.") * 3:
                await say(w, bytes([b]))
                await asyncio.sleep(1)
        elif kind == "huge":
            await say(w, d.begin())
            block = d.word(b"x" * 8000)
            for _ in range(100 * 1024 * 1024 // len(block)):
                await say(w, block)
        else:
            await fault(kind, w)


async def fault(kind, w):
    """Also a tool's or a tool server's."""
    if kind == "bytes":
        await say(w, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            await say(w, b"x")
            await asyncio.sleep(1)
    if kind == "hang":
        await asyncio.sleep(60)
    elif kind == "slow":  # one word every 100 ms, to be interrupted
        await say(w, HEAD)
        for _ in range(120):
            await say(w, word("one more word, "))
            await asyncio.sleep(0.1)
        await say(w, STOP)
    elif kind == "drip":
        for b in HEAD + word("Drip.") + STOP:
            await say(w, bytes([b]))
            await asyncio.sleep(0.002)
    elif kind == "cut":
        await say(w, b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half": "an ans')
    elif kind == "html":
        await say(w, plain("200 OK", b"<!DOCTYPE html><title>Sign in</title>", "Content-Type: text/html\r\n"))
    elif kind == "error200":
        await say(w, HEAD + b'data: {"error":{"message":"the model fell over"}}\n\n')
    elif kind == "limit":
        await say(w, plain("429 Too Many", b'{"error":{"message":"slow down"}}', "Retry-After: 30\r\n"))
    elif kind == "badutf8":
        await say(w, HEAD + b'data: {"choices":[{"delta":{"content":"Caf\xe9 is open."}}]}\n\n' + STOP)
    elif kind == "huge":
        await say(w, HEAD)
        block = word("x" * 8000)
        for _ in range(100 * 1024 * 1024 // len(block)):
            await say(w, block)
    elif kind == "line":
        await say(w, HEAD + b"data: ")
        for _ in range(1600):
            await say(w, b"y" * 65536)


PCM = b"Content-Type: audio/pcm\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"


async def speech_fault(kind, path, w):
    """The same faults at /audio/speech (sound) and at /audio/transcriptions (words)."""
    speaks = path.endswith("/speech")
    if kind == "drip":  # a byte a second, and no end
        await say(w, CHUNKED + (PCM if speaks else b"Content-Type: application/json\r\n") + b"\r\n")
        for b in b'{"text":"' + b"drip " * 100:
            await say(w, b"1\r\n" + bytes([b]) + b"\r\n")
            await asyncio.sleep(1)
    elif kind == "cut":
        body = b"\0\1" * 12000 if speaks else b'{"text":"Half a sent'
        await say(w, CHUNKED + (PCM if speaks else b"Content-Type: application/json\r\n") + b"\r\n" +
                  f"{len(body) + 100:x}\r\n".encode() + body)
    elif kind == "error200":
        await say(w, plain("200 OK", b'{"error":{"message":"the model fell over"}}',
                           "Content-Type: application/json\r\n"))
    elif kind == "badutf8":
        await say(w, plain("400 Bad Request", b'{"error":{"message":"the caf\xe9 is closed"}}'))
    elif kind == "huge":
        await say(w, CHUNKED + (PCM if speaks else b"Content-Type: application/json\r\n") + b"\r\n")
        block = b"\0\1" * 32768 if speaks else b'{"text":"' + b"x" * 65527
        for _ in range(1600):
            await say(w, b"10000\r\n" + block + b"\r\n")
    else:
        await fault(kind, w)


async def serve(r, w):
    try:
        head = (await r.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        w.close()
        return
    path = head.split()[1]
    n = next((int(l.split(":")[1]) for l in head.split("\r\n") if l.lower().startswith("content-length:")), 0)
    await r.readexactly(n)
    if path == "/log":
        await say(w, plain("200 OK", json.dumps(LOG).encode(), "Connection: close\r\n"))
        w.close()
        return
    entry = {"path": path, "end": None}
    LOG.append(entry)
    began = time.monotonic()
    kind = path.split("/")[1]
    answer = asyncio.ensure_future(speech_fault(kind, path, w) if "/audio/" in path else
                                   agent_fault(kind, path, w) if "/v1/" in path else fault(kind, w))
    gone = asyncio.ensure_future(r.read(1))
    try:
        await asyncio.wait([answer, gone], return_when=asyncio.FIRST_COMPLETED)
        entry["end"] = "client" if gone.done() and not answer.done() else "server"
        if answer.done() and answer.exception():
            entry["end"] = "client"
    finally:
        entry["ms"] = int(1000 * (time.monotonic() - began))
        answer.cancel()
        gone.cancel()
        w.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(main())
