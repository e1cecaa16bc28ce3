"""Programs of others for live cases, each with its version: what is there when it is installed, and the
commands that install it (in a directory of its own, see `install` in common.py). In the order of their use.
"""
import sys

VENV = [sys.executable, "-m", "venv", "."]


def pip(*packages):
    return ["bin/pip", "install", "-q", *packages]


def npm(*packages):
    return ["npm", "install", "--no-audit", "--no-fund", *packages]


RECIPES = {
    "aimock": ("node_modules/@copilotkit/aimock/dist/cli.js", npm("@copilotkit/aimock@1.43.0")),
    "onnx": ("bin/onnx.stamp", VENV, pip("--only-binary=:all:", "onnx", "numpy"), ["touch", "bin/onnx.stamp"]),
    "otlp": ("lib/otlp-1.45.2", VENV, pip("opentelemetry-proto==1.45.2", "protobuf==7.36.2"), ["touch", "lib/otlp-1.45.2"]),
    "aiortc": ("venv/lib/python%d.%d/site-packages/numpy/__init__.py" % sys.version_info[:2],
               [sys.executable, "-m", "venv", "venv"],
               ["venv/bin/pip", "install", "-q", "aiortc==1.16.0", "numpy==2.3.5"]),
    "litellm": ("bin/litellm", VENV, pip("litellm[proxy]==1.106.2")),
    "llmock": ("bin/llmock", VENV, pip("llmock==0.2.2")),
    "openclaw": ("node_modules/openclaw/openclaw.mjs", npm("openclaw@2026.9.6")),
    "hermes": ("bin/hermes", VENV, pip("hermes-agent==0.19.0", "aiohttp==3.14.1")),
    "openai": ("bin/openai", VENV, pip("openai==2.54.0")),
    "mcp-everything": ("node_modules/.bin/mcp-server-everything",
                       npm("@modelcontextprotocol/server-everything@2026.8.31")),
    "mcp-python": ("bin/mcp", VENV, pip("mcp==2.3.0")),
    "mcp-conformance": ("node_modules/.bin/conformance", npm("@modelcontextprotocol/conformance@0.1.16", "node@24")),
    "livekit-js": ("node_modules/livekit-client/dist", npm("livekit-client@2.23.0", "playwright-core@1.65.1")),
}
# wants a newer Node than others do, and at its start, too
OWN_NODE = {"openclaw"}
