"""MCP servers that we did not write: the reference server over both wires, one made with the Python SDK,
and the scenarios for clients of the conformance suite. The model is aimock, which calls the tool that
its fixture names and is then asked again with the result."""
import json
import os
import subprocess

from common import MYNA, Server, aimock_with, case, check, clean_env, free_port, install, talk, until_it_prints


def everything():
    where = install("mcp-everything")
    return os.path.join(where, "node_modules/.bin/mcp-server-everything")


def model_that_calls(here, name, arguments):
    return aimock_with(here, [
        {"match": {"userMessage": "please", "hasToolResult": True}, "response": {"content": "It is done."}},
        {"match": {"userMessage": "please"},
         "response": {"toolCalls": [{"name": name, "arguments": json.dumps(arguments)}]}},
        {"match": {"userMessage": ""}, "response": {"content": "Yes."}}])


def outputs(events):
    return [o for e in events if e["type"] == "function_tools_executed" for o in e["functionCallOutputs"]]


def one_call(here, name, arguments, want, *settings, error=False):
    """The model calls the tool once; its output has the words, and the model was shown the tool. Until the server is
    ready nobody knows its tools."""
    s = model_that_calls(here, name, arguments)
    try:
        events, out, _ = talk(here, s.url + "/v1", [lambda: until_it_prints("MCP server ready"), "Do it, please."],
                              "stt.provider=instant", "tts.provider=instant", "log.level=info", *settings, wait=1.5, seconds=90)
        got = outputs(events)
        check(len(got) == 1 and want in got[0]["output"] and got[0]["isError"] == error, f"outputs {got}\n{out[-2000:]}")
        asked = [r for r in s.journal() if "chat/completions" in r.get("path", "")]
        check(len(asked) >= 2 and f'"{name}"' in json.dumps(asked[0]), "the model was not offered the tool")
        check(want in json.dumps(asked[-1]), "the model did not see the result")
    finally:
        s.end()


@case
def the_mcp_reference_server_on_standard_input(here):
    one_call(here, "echo", {"message": "parrot"}, "Echo: parrot", "tools.all.kind=mcp",
             f'tools.all.command=["{everything()}","stdio"]')


@case
def the_mcp_reference_server_over_http(here):
    program, port = everything(), free_port()
    server = Server([program, "streamableHttp"], port, "/mcp", env=clean_env(PORT=str(port)), seconds=40)
    try:
        one_call(here, "get-sum", {"a": 2, "b": 40}, "42", "tools.all.kind=mcp", f"tools.all.url={server.url}/mcp")
    finally:
        server.end()


@case
def a_long_operation_of_the_reference_server_is_given_up_in_time(here):
    one_call(here, "trigger-long-running-operation", {"duration": 20, "steps": 4}, "did not answer in time",
             "tools.all.kind=mcp", "tools.all.timeout=1s", f'tools.all.command=["{everything()}","stdio"]', error=True)


PYTHON_SERVER = """
import sys
from mcp.server.mcpserver import MCPServer
app = MCPServer("birds")
@app.tool()
def sing(bird: str, times: int = 1) -> str:
    "Sings like a bird."
    return " ".join(["tweet " + bird] * times)
@app.tool()
def fall() -> str:
    "Falls over."
    raise ValueError("it fell")
if sys.argv[1] == "stdio":
    app.run("stdio")
else:
    app.run("streamable-http", port=int(sys.argv[1]))
"""


def python_server(here):
    where = install("mcp-python")
    path = os.path.join(here, "birds.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(PYTHON_SERVER)
    return os.path.join(where, "bin/python"), path


@case
def a_server_of_the_python_sdk_on_standard_input(here):
    python, path = python_server(here)
    one_call(here, "sing", {"bird": "myna", "times": 2}, "tweet myna tweet myna", "tools.birds.kind=mcp",
             f'tools.birds.command=["{python}","{path}","stdio"]')


@case
def a_server_of_the_python_sdk_over_http(here):
    python, path = python_server(here)
    port = free_port()
    server = Server([python, path, str(port)], port, "/mcp", env=clean_env(), seconds=40)
    try:
        one_call(here, "fall", {}, "fall", "tools.birds.kind=mcp", f"tools.birds.url={server.url}/mcp", error=True)
    finally:
        server.end()


def text_of(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()[-3000:]


def conformance(here, scenario, name, arguments, more=""):
    where = install("mcp-conformance")
    bin_ = os.path.join(where, "node_modules/.bin")
    s = model_that_calls(here, name, arguments)
    client = os.path.join(here, "client.sh")
    try:
        with open(client, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\ncd '{here}'\n: >log\n(for i in $(seq 250); do grep -q 'MCP server' log && break; sleep 0.1; "
                    f"done; echo 'Do it, please.'; sleep 6) | '{MYNA}' console --text --set log.level=info "
                    "--set llm.provider=openai_compatible --set llm.openai_compatible.model=m --set agent.greeting=Hello. "
                    "--set stt.provider=instant --set tts.provider=instant "
                    f"--set llm.openai_compatible.base_url={s.url}/v1 --set tools.c.kind=mcp --set \"tools.c.url=$1\" {more} 2>log\n")
        os.chmod(client, 0o755)
        link = os.path.join("/tmp", f"mcp_client_{os.getpid()}.sh")  # the suite cuts commands at blanks
        os.symlink(client, link)
        try:
            p = subprocess.run([os.path.join(bin_, "node"), os.path.realpath(os.path.join(bin_, "conformance")), "client",
                                "--command", link, "--scenario", scenario], cwd=here, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=120, env=clean_env())
        finally:
            os.unlink(link)
        check(p.returncode == 0, f"{scenario}: {p.stdout[-3000:]}{p.stderr[-3000:]}{text_of(os.path.join(here, 'log'))}")
    finally:
        s.end()


@case
def the_mcp_conformance_suite_initialize(here):
    conformance(here, "initialize", "none", {})


@case
def the_mcp_conformance_suite_tools_call(here):
    conformance(here, "tools_call", "add_numbers", {"a": 5, "b": 3})


@case
def the_mcp_conformance_suite_sse_retry(here):
    conformance(here, "sse-retry", "test_reconnection", {})


@case
def the_mcp_conformance_suite_elicitation_with_defaults(here):
    conformance(here, "elicitation-sep1034-client-defaults", "test_client_elicitation_defaults", {},
                "--set tools.c.elicitation=defaults")
