"""Agent runtimes as peers: each started on loopback with a mock model behind it and a home of its own."""
import json
import os
import subprocess
import tempfile

from common import Server, aimock_with, clean_env, free_port, install, own_node

KEY = "0123456789abcdef0123456789abcdef"  # of servers that live for one test


class Runtime(Server):
    """A server with .model, the aimock behind it, which ends with it."""

    def __init__(self, model, *how, **more):
        self.model = model  # first: what does not start is ended, with its model
        super().__init__(*how, **more)

    def end(self):
        super().end()
        self.model.end()


class Hermes(Runtime):
    """`hermes gateway run` 0.19.0; .home is its HERMES_HOME, .model the aimock behind it."""

    def __init__(self, here, fixtures, *model_flags):
        where = install("hermes")
        model = aimock_with(here, fixtures, *model_flags)
        self.home = os.path.join(here, "hermes")
        os.makedirs(self.home)
        port = free_port()
        with open(os.path.join(self.home, "config.yaml"), "w", encoding="utf-8") as f:
            f.write('model: {provider: custom, default: mock-1, base_url: "%s/v1", api_key: none, '
                    "context_length: 200000}\nsecurity: {tirith_enabled: false}\n" % model.url)
        with open(os.path.join(self.home, ".env"), "w", encoding="utf-8") as f:
            f.write(f"API_SERVER_ENABLED=true\nAPI_SERVER_HOST=127.0.0.1\nAPI_SERVER_PORT={port}\nAPI_SERVER_KEY={KEY}\n")
        self.port = port
        super().__init__(model, [os.path.join(where, "bin/hermes"), "gateway", "run"], port, "/health", seconds=60,
                         env=clean_env(HERMES_HOME=self.home, HOME=self.home))


class OpenClaw(Runtime):
    """`openclaw gateway run` 2026.9.6 on Node 24; .model is the aimock behind it."""

    def __init__(self, here, fixtures, *model_flags):
        try:
            self.start(tempfile.mkdtemp(dir=here), here, fixtures, *model_flags)
        except AssertionError as e:
            # It gives a thread of its own five seconds to begin, whatever the machine does meanwhile, and ends where that
            # was too little: who serves with it has it started again.
            if "lease heartbeat did not become ready" not in str(e):
                raise
            print("# OpenClaw gave up its start and is started again", flush=True)
            self.start(tempfile.mkdtemp(dir=here), here, fixtures, *model_flags)

    def start(self, state, here, fixtures, *model_flags):
        where = install("openclaw")
        node = os.path.realpath(os.path.join(own_node(), "node"))
        model = aimock_with(here, fixtures, *model_flags)
        self.port = free_port()
        for d in ("state", "ws", "home"):
            os.makedirs(os.path.join(state, d))
        config = os.path.join(here, "openclaw.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({
                "gateway": {"mode": "local", "bind": "loopback", "port": self.port,
                            "auth": {"mode": "token", "token": KEY},
                            "http": {"endpoints": {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}}},
                "discovery": {"mdns": {"mode": "off"}}, "update": {"checkOnStart": False},
                "logging": {"file": os.path.join(state, "oc.log")},
                "agents": {"defaults": {"workspace": os.path.join(state, "ws"), "skipBootstrap": True,
                                        "model": {"primary": "mock/mock-1"}}},
                "models": {"mode": "replace", "catalogRefresh": {"enabled": False}, "providers": {"mock": {
                    "baseUrl": model.url + "/v1", "apiKey": "none", "api": "openai-completions",
                    "models": [{"id": "mock-1", "name": "mock", "reasoning": False, "input": ["text"],
                                "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                                "contextWindow": 200000, "maxTokens": 8192}]}}}}, f)
        super().__init__(model, [node, os.path.join(where, "node_modules/openclaw/openclaw.mjs"), "gateway", "run"], self.port,
                         "/health", seconds=90,
                         env=clean_env(OPENCLAW_STATE_DIR=os.path.join(state, "state"), OPENCLAW_CONFIG_PATH=config,
                                       HOME=os.path.join(state, "home")))


def litellm(here, upstream):
    """LiteLLM's proxy 1.106.2 in front of `upstream`: it rewrites every chunk."""
    where = install("litellm")
    path = os.path.join(here, "litellm.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write('model_list:\n  - model_name: m\n    litellm_params: {model: "openai/gpt-4o-mini", api_base: "%s/v1", '
                'api_key: "none"}\n' % upstream)
    port = free_port()
    return Server([os.path.join(where, "bin/litellm"), "--config", path, "--host", "127.0.0.1", "--port", str(port)], port,
                  "/health/liveliness", seconds=90, env=clean_env(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MASTER_KEY="sk-" + KEY, HOME=here))


def llmock(here, *flags):
    """llmock 0.2.2: breaks what it is told to break, and judges how its client took it."""
    where = install("llmock")
    port = free_port()
    s = Server([os.path.join(where, "bin/llmock"), "serve", "--host", "127.0.0.1", "--port", str(port), *flags], port, "/health",
               seconds=40, env=clean_env(HOME=here))
    s.report = lambda: subprocess.run([os.path.join(where, "bin/llmock"), "report", "--url", s.url], capture_output=True,
                                      text=True, timeout=300, env=clean_env(HOME=here))
    return s


