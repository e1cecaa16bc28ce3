"""llm_streams_200, llm_idle_connection: a server of 40 tokens a second for bench_llm, in a process of
its own, whose CPU time stands beside ours."""
import asyncio
import json
import os
import subprocess
import sys
import time

TOKENS = 200


async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            began = time.monotonic()
            for i in range(TOKENS + 2):
                delta = {"role": "assistant", "content": ""} if i == 0 else {"content": " token"} if i <= TOKENS else {}
                event = "data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
                    {"index": 0, "delta": delta, "finish_reason": "stop" if i > TOKENS else None}]}) + "\n\n"
                if i > TOKENS:
                    event += "data: [DONE]\n\n"
                writer.write(f"{len(event):x}\r\n{event}\r\n".encode())
                await asyncio.sleep(max(0, began + (i + 1) / 40 - time.monotonic()))
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main(build):
    p = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(p.stdout.readline())
        began = time.monotonic()
        out = subprocess.run([f"{build}/tests/bench/bench_llm", f"http://127.0.0.1:{port}/v1", "200"],
                             stdout=subprocess.PIPE, text=True, timeout=200, check=True).stdout
        wall = time.monotonic() - began
        with open(f"/proc/{p.pid}/stat", encoding="ascii") as f:
            ticks = f.read().rsplit(")", 1)[1].split()
        server = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK") / wall
    finally:
        p.kill()
        p.wait()
    r = json.loads(out.splitlines()[-1])

    def tell(name, value, unit, beside, beside_value, limit):
        print(json.dumps({"bench": name, "value": round(value, 4), "unit": unit, "limit": limit,
                          "baseline": {"name": beside, "value": round(beside_value, 4)},
                          "ratio": round(beside_value / value, 4) if value else 0}))
    tell("llm_streams_200", r["cores"], "cores", "the server's, over the run", server, 0.5)
    tell("llm_idle_connection", r["idle_kb"], "KB", "curl's own buffers (16 KB in, 64 KB out at need)", 16, 40)


if sys.argv[1] == "--serve":
    asyncio.run(serve())
else:
    main(sys.argv[1])
