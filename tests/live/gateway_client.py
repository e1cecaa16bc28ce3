#!/usr/bin/env python3
"""The gateway's reference client: a scripted participant that offers one function and types.

    gateway_client.py URL TOKEN [--prompt TEXT]

Joins, waits for an identity that begins with hermes-, registers desktop_notify(title, body), answers
calls of it, and sends each line of standard input as client:message; with --prompt that text alone,
and ends half a second after the first final answer. Runs in the environment of LiveKit's SDK.
"""
import asyncio
import json
import os
import sys

from livekit import rtc

TOPIC = "hermes-control"
NOTIFY = {"type": "object", "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
          "required": ["title", "body"]}


class Client:
    def __init__(self):
        self.room = rtc.Room()
        self.registered, self.answered = asyncio.Event(), asyncio.Event()
        self.tasks = set()

    async def send(self, to, **message):
        await self.room.local_participant.publish_data(json.dumps(message), topic=TOPIC, reliable=True,
                                                       destination_identities=[to])

    def later(self, work):
        t = asyncio.ensure_future(work)
        self.tasks.add(t)
        t.add_done_callback(self.tasks.discard)

    def on_data(self, packet):
        who = packet.participant.identity if packet.participant else ""
        if packet.topic == "hermes-chat":
            print("agent:", packet.data.decode(), flush=True)
            return
        if packet.topic:
            return
        m = json.loads(packet.data)
        if m["type"] == "agent:tool-registered":
            print("registered:", m["name"], m["success"], m.get("reason", ""), flush=True)
            self.registered.set()
        elif m["type"] == "agent:tool-call":
            a = m["arguments"]
            print(f"notified: {a['title']}: {a['body']}", flush=True)
            self.later(self.send(who, type="client:tool-result", call_id=m["call_id"], result={"shown": True}))
        elif m["type"] == "agent:agent-transcript" and m["payload"]["final"]:
            self.answered.set()

    async def agent(self):
        for _ in range(120):
            for p in self.room.remote_participants.values():
                if p.identity.startswith("hermes-"):
                    return p.identity
            await asyncio.sleep(0.5)
        sys.exit("no agent came within a minute")

    async def run(self, url, token, prompt):
        self.room.on("data_received", self.on_data)
        await self.room.connect(url, token)
        agent = await self.agent()
        for _ in range(10):  # what is sent before its data channel is open is lost
            await self.send(agent, type="client:tool-register", name="desktop_notify",
                            description="shows a notification", input_schema=NOTIFY)
            try:
                await asyncio.wait_for(self.registered.wait(), 1)
                break
            except asyncio.TimeoutError:
                continue
        else:
            sys.exit("the agent does not answer a registration")
        if prompt is not None:
            await self.send(agent, type="client:message", text=prompt)
            await asyncio.wait_for(self.answered.wait(), 30)
            await asyncio.sleep(0.5)
        else:
            lines = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
            while line := (await lines.readline()).decode():
                await self.send(agent, type="client:message", text=line)
        await self.send(agent, type="client:tool-unregister", name="desktop_notify")
        await asyncio.sleep(0.2)
        await self.room.disconnect()


async def main():
    prompt = sys.argv[4] if len(sys.argv) > 4 and sys.argv[3] == "--prompt" else None
    await Client().run(sys.argv[1], sys.argv[2], prompt)
    sys.stdout.flush()
    os._exit(0)  # the SDK's threads may call into an interpreter that is being taken down, and abort


asyncio.run(main())
