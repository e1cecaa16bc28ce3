"""HTTP servers in threads of the test's own, for whoever plays an agent or a recogniser."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Keeps quiet about what it does; whatever is only looked at is not there."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.json(404, {})

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def begin(self, status=200, kind="text/event-stream", **headers):
        """The head of an answer; X_Y=value is a header X-Y."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def json(self, status, body, **headers):
        self.begin(status, "application/json", **headers)
        self.wfile.write(json.dumps(body).encode())


def serve(handler):
    """On a free port of 127.0.0.1 (server_port) until the test's process ends or shutdown()."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
