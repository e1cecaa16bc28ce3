"""One question from the command line: the answer, nothing else, and an exit code that can be trusted."""
import json
import signal
import subprocess
import threading
import time

from fake_server import Handler, serve
from support import Limit, Myna, Run, case, check, environment


class Agent:
    """A server with OpenAI's chat endpoint that answers as `answer(handler, body)` says."""

    def __init__(self, answer):
        agent = self
        self.asked, self.closed = [], threading.Event()

        class Model(Handler):
            def do_POST(self):
                body = json.loads(self.body())
                agent.asked.append(body)
                try:
                    answer(self, body)
                except OSError:
                    agent.closed.set()

            def do_GET(self):
                self.json(200 if self.path.endswith("/models") else 404,
                          {"object": "list", "data": [{"id": "m", "object": "model"}]})

        self.server = serve(Model)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def flags(self):
        return ["--llm", "openai_compatible", "--set", f"llm.openai_compatible.base_url={self.url}",
                "--set", "llm.openai_compatible.model=m"]


def send(handler, **delta):
    usage = delta.pop("usage", None)
    chunk = {"id": "x", "object": "chat.completion.chunk", "model": "m",
             "choices": [] if usage else [{"index": 0, "delta": delta, "finish_reason": None}]}
    if usage:
        chunk["usage"] = usage
    handler.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    handler.wfile.flush()


def says(*pieces, usage=None, pause=0.0):
    def answer(handler, _):
        handler.begin()
        for p in pieces:
            send(handler, content=p)
            time.sleep(pause)
        if usage:
            send(handler, usage=usage)
        handler.wfile.write(b"data: [DONE]\n\n")
    return answer


@case
def the_answer_alone_is_on_standard_output_and_nobody_needs_a_model(here):
    with Agent(says("Forty", "-two is", " the answer.")) as a:
        r = Run(here, "ask", "what", "is it?", *a.flags()).well()
    check(r.out == "Forty-two is the answer.\n" and r.err == "", f"{r}")
    check(a.asked[0]["messages"][-1] == {"role": "user", "content": "what is it?"}, f"{a.asked}")


@case
def the_question_may_come_from_standard_input(here):
    with Agent(says("Yes.")) as a:
        Run(here, "ask", "-", *a.flags(), stdin=b"line one\nline two").well()
        check(a.asked[0]["messages"][-1]["content"] == "line one\nline two", f"{a.asked}")
        Run(here, "ask", "-", *a.flags(), stdin=b" \n").fails(2, "there is no question")
        Run(here, "ask", "-", *a.flags(), stdin=b"x" * 70000).fails(2, "longer than")
        check(len(a.asked) == 1, "the agent was asked nothing")


@case
def json_tells_times_usage_and_cost(here):
    limit = Limit(20)
    with Agent(says("Yes.", usage={"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14})) as a:
        r = Run(here, "ask", "well?", "--json", *a.flags()).well()
    o = json.loads(r.out)
    check((o["question"], o["answer"], o["provider"]) == ("well?", "Yes.", "openai_compatible"), f"{o}")
    check(0 <= o["first_ms"] <= o["whole_ms"] < 1000 * limit.seconds() and "error" not in o, f"{o}")
    row = [u for u in o["usage"] if u["type"] == "llm_usage"][0]
    check((row["inputTokens"], row["outputTokens"], row["costUsd"]) == (11, 3, None) and o["unpriced"], f"{o}")


@case
def the_answer_is_printed_as_it_comes(here):
    printed, in_time = threading.Event(), []

    def answer(handler, _):
        handler.begin()
        for i in range(6):
            if i == 2:  # what was said so far is to be read before there is more
                limit = Limit(20)
                while not printed.wait(0.1) and not limit.over():
                    pass
                in_time.append(printed.is_set())
            send(handler, content=f"Sentence number {i} is here. ")
        handler.wfile.write(b"data: [DONE]\n\n")
    with Agent(answer) as a:
        p = subprocess.Popen([Myna.path, "ask", "go", *a.flags()], cwd=here, env=environment(here),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        p.stdout.read(1)
        printed.set()
        p.stdout.read()
        check(p.wait() == 0 and in_time == [True], "it came all at once")


@case
def an_agent_that_fails_is_an_exit_code_and_a_sentence(here):
    def no(handler, _):
        handler.send_response(401)
        handler.end_headers()
        handler.wfile.write(b'{"error":{"message":"no such key"}}')
    with Agent(no) as a:
        r = Run(here, "ask", "x", *a.flags(), "--log-level", "error").fails(1, "HTTP 401", "no such key")
        check(r.out == "", f"{r}")
        o = json.loads(Run(here, "ask", "x", "--json", *a.flags()).fails(1, "HTTP 401").out)
        check("HTTP 401" in o["error"] and o["answer"] == "", f"{o}")
    Run(here, "ask").fails(2, "myna ask wants TEXT")
    calls = json.loads(Run(here, "calls", "--json").well().out)
    check([(c["door"], c["errors"], c["stt"]) for c in calls] == [("ask", 1, None)] * 2, f"{calls}")


@case
def ctrl_c_hangs_up_on_the_agent_and_exits_130(here):
    with Agent(says(*["Word after word after word. "] * 400, pause=0.05)) as a:
        p = subprocess.Popen([Myna.path, "ask", "go", *a.flags()], cwd=here, env=environment(here),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.read(1)
        p.send_signal(signal.SIGINT)
        _, err = p.communicate(timeout=60)
        check(p.returncode == 130, f"exit {p.returncode}: {err}")
        check(a.closed.wait(60), "the agent went on")
    calls = json.loads(Run(here, "calls", "--json").well().out)
    check(len(calls) == 1 and calls[0]["duration_ms"] is not None, f"the end is not in the log: {calls}")
