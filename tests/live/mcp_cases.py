"""MCP servers that we did not write: the reference server over both wires, one made with the Python SDK,
and the scenarios for clients of the conformance suite. The model is aimock, which calls the tool that
its fixture names and is then asked again with the result."""
import json
import os
import subprocess
import sys
import tempfile

from common import (HERE, MYNA, RUNNING, Server, aimock_with, case, check, clean_env, ends_in_time, free_port, install, own_env,
                    talk, until_it_prints)

SUPPORT = os.path.join(os.path.dirname(HERE), "support")


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


# The suite calls it with the server's address: it says its line once that server is ready.
CLIENT = """#!{python}
import subprocess
import sys
import time
sys.path.insert(0, {support!r})
from patience import Limit, rest
with open("log", "wb") as log:
    p = subprocess.Popen({command!r} + ["--set", "tools.c.url=" + sys.argv[1]], stdin=subprocess.PIPE, stderr=log)
limit = Limit(25)
while not limit.over() and b"MCP server" not in open("log", "rb").read():
    time.sleep(0.1)
p.stdin.write(b"Do it, please.\\n")
p.stdin.flush()
rest(6)
p.stdin.close()
sys.exit(p.wait())
"""


def conformance(here, scenario, name, arguments, *more):
    where = install("mcp-conformance")
    bin_ = os.path.join(where, "node_modules/.bin")
    s = model_that_calls(here, name, arguments)
    command = [MYNA, "console", "--text"]
    for setting in ("log.level=info", "llm.provider=openai_compatible", "llm.openai_compatible.model=m", "agent.greeting=Hello.",
                    "stt.provider=instant", "tts.provider=instant", f"llm.openai_compatible.base_url={s.url}/v1",
                    "tools.c.kind=mcp", *more):
        command += ["--set", setting]
    try:
        with tempfile.TemporaryDirectory(prefix="mcp_client_") as folder:  # the suite cuts commands at blanks
            client = os.path.join(folder, "client")
            with open(client, "w", encoding="utf-8") as f:
                f.write(CLIENT.format(python=sys.executable, support=SUPPORT, command=command))
            os.chmod(client, 0o755)
            p = subprocess.Popen([os.path.join(bin_, "node"), os.path.realpath(os.path.join(bin_, "conformance")), "client",
                                  "--command", client, "--scenario", scenario], cwd=here, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own_env(here))
            RUNNING.append(p)
            ends_in_time(p, 120)
            out = p.communicate()[0]
        check(p.returncode == 0, f"{scenario}: {out[-6000:]}{text_of(os.path.join(here, 'log'))}")
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
                "tools.c.elicitation=defaults")
