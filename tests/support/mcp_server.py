#!/usr/bin/env python3
"""A strict MCP server on standard input and output, for tests: mcp_server.py MODE [STATE FILE]

MODE is words joined by '-': "legacy" or "modern" (which kind it is), and what goes wrong: "dies" (on
the tool "die"), "flood", "long", "garbage", "mute" (never a word), "stray" (lines beside the protocol),
"loop" (a list without end), "badlist", "old"; "form": one more tool, which asks the person something. It ends with code 9, saying why, when a message of ours
breaks the protocol of its kind.
"""
import json
import sys
import time

MODE = sys.argv[1].split("-")
MODERN = "modern" in MODE
REVISION = "2026-07-28" if MODERN else "2025-11-25"
META = "io.modelcontextprotocol/"
listen_id = None
extra = False
initialized = False
can = None  # what the client has offered


def fail(why):
    print("protocol: " + why, file=sys.stderr, flush=True)
    sys.exit(9)


def send(o):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **o}) + "\n")
    sys.stdout.flush()


def tool(name, **properties):
    return {"name": name, "description": name + "s", "inputSchema": {"type": "object", "properties": properties}}


def result(rid, **fields):
    send({"id": rid, "result": {"resultType": "complete", **fields} if MODERN else fields})


def text(rid, words, **more):
    result(rid, content=[{"type": "text", "text": words}], **more)


def check(msg):
    if msg.get("jsonrpc") != "2.0":
        fail("no jsonrpc 2.0")
    method, rid, params = msg.get("method"), msg.get("id"), msg.get("params")
    if method is None:
        if "result" not in msg and "error" not in msg:
            fail("neither request nor answer")
        return
    if "id" in msg and not isinstance(rid, int):
        fail("id is no number")
    if params is not None and not isinstance(params, dict):
        fail("params is no object")
    if MODERN and "id" in msg:
        meta = (params or {}).get("_meta", {})
        if meta.get(META + "protocolVersion") != REVISION or meta.get(META + "clientCapabilities") != {}:
            fail("_meta: " + json.dumps(meta))
        if meta.get(META + "clientInfo", {}).get("name") != "myna":
            fail("clientInfo")
    if not MODERN and "id" in msg and method not in ("initialize", "server/discover", "ping") and not initialized:
        fail(method + " before notifications/initialized")


def call(rid, params):
    global extra
    name, args = params["name"], params["arguments"]
    if name == "echo":
        text(rid, "heard " + args["words"])
    elif name == "die":
        print("I die now", file=sys.stderr, flush=True)
        sys.exit(3)
    elif name == "wrong":
        text(rid, "it went wrong", isError=True)
    elif name == "refused":
        send({"id": rid, "error": {"code": -32602, "message": "no such argument"}})
    elif name == "asks":
        send({"id": rid, "result": {"resultType": "input_required", "inputRequests": {}}})
    elif name == "mixed":
        result(rid, content=[{"type": "text", "text": "a"}, {"type": "image", "data": "AAAA", "mimeType": "image/png"},
                             {"type": "resource", "resource": {"uri": "f:///x", "text": "inside"}}])
    elif name == "structured":
        result(rid, content=[], structuredContent={"n": 1})
    elif name == "grow":
        extra = True
        note = {"method": "notifications/tools/list_changed"}
        if MODERN:
            if listen_id is None:
                fail("nobody listens")
            note["params"] = {"_meta": {META + "subscriptionId": listen_id}}
        send(note)
        send(note)
        text(rid, "grown")
    elif name == "pings":
        send({"id": 77, "method": "ping"})
        answer = json.loads(sys.stdin.readline())
        send({"id": "x", "method": "sampling/createMessage", "params": {}})
        other = json.loads(sys.stdin.readline())
        send({"id": "e", "method": "elicitation/create", "params": {"message": "Your name?"}})
        third = json.loads(sys.stdin.readline())
        text(rid, json.dumps([answer, other, third], sort_keys=True))
    elif name == "form":
        send({"id": "f", "method": "elicitation/create", "params": json.loads(args["params"])})
        text(rid, json.dumps([can, json.loads(sys.stdin.readline())["result"]], sort_keys=True))
    elif name == "slow":
        note = json.loads(sys.stdin.readline())
        with open(sys.argv[2], "w", encoding="utf-8") as f:
            f.write(json.dumps([note["method"], note["params"]["requestId"] == rid]))
    else:
        fail("unknown tool " + name)


def tools(rid, params):
    if "loop" in MODE:
        result(rid, tools=[tool("t" + str(rid))], nextCursor="again")
        return
    if "badlist" in MODE:
        result(rid, tools=[{"name": "nothing"}, {"name": "bad", "inputSchema": {"type": "string"}}, tool("echo"),
                           tool("echo"), {"inputSchema": {}}, 7])
        return
    if "cursor" not in params:
        result(rid, tools=[tool("echo", words={"type": "string"}), tool("die"), tool("wrong"), tool("refused"),
                           tool("asks")], nextCursor="p2")
    elif params["cursor"] == "p2":
        result(rid, tools=[tool(n) for n in ("mixed", "structured", "grow", "pings", "slow")] +
               ([tool("form", params={"type": "string"})] if "form" in MODE else []) +
               ([tool("new.tool")] if extra else []))
    else:
        fail("cursor " + params["cursor"])


def main():
    global initialized, listen_id, can
    if "flood" in MODE:
        while True:
            send({"method": "notifications/message", "params": {"level": "info", "data": "x" * 100}})
    if "long" in MODE:
        while True:
            sys.stdout.write("{" * 65536)
    if "garbage" in MODE:
        while True:
            print("this is not the protocol")
    if "mute" in MODE:
        time.sleep(1000)
    if "stray" in MODE:
        print("Server listening\n\n{\n[]")
    for line in sys.stdin:
        msg = json.loads(line)
        check(msg)
        method, rid, params = msg.get("method"), msg.get("id"), msg.get("params") or {}
        if method == "server/discover" and MODERN:
            result(rid, supportedVersions=[REVISION], capabilities={"tools": {"listChanged": True}},
                   serverInfo={"name": "t", "version": "1"})
        elif method == "initialize" and not MODERN:
            if params["protocolVersion"] != REVISION or params["clientInfo"]["name"] != "myna":
                fail("initialize")
            can = params["capabilities"]
            result(rid, protocolVersion="1999-01-01" if "old" in MODE else REVISION,
                   capabilities={"tools": {"listChanged": True}}, serverInfo={"name": "t", "version": "1"})
        elif method == "notifications/initialized" and not MODERN:
            initialized = True
        elif method == "tools/list":
            tools(rid, params)
        elif method == "tools/call":
            call(rid, params)
        elif method == "subscriptions/listen" and MODERN:
            if params["notifications"] != {"toolsListChanged": True}:
                fail("filter")
            listen_id = rid
            send({"method": "notifications/subscriptions/acknowledged",
                  "params": {"_meta": {META + "subscriptionId": rid}, "notifications": params["notifications"]}})
        elif rid is not None:
            send({"id": rid, "error": {"code": -32601, "message": "Method not found: " + str(method)}})


main()
