"""A collector of OpenTelemetry spans that reads by the published protobuf and nothing else.

    otlp_judge.py FILE      listens on a free port of 127.0.0.1 and writes it into FILE

POST /v1/traces takes protobuf and JSON; an unknown field, a wrong type, an id of a wrong length is
answered with 400 and remembered. POST /behave {"status": 503, "times": 2, "retry_after": 0} makes the
next requests fail. GET /log tells all that came: spans, requests, complaints.
"""
import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

LOG = {"spans": [], "requests": [], "complaints": [], "resources": [], "scopes": []}
BEHAVE = {"status": 200, "times": 0, "retry_after": None}


def known(message, where):
    if len(UnknownFieldSet(message)):
        raise ValueError(f"{where} has an unknown field")
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for v in value if field.is_repeated else [value]:
            known(v, f"{where}.{field.name}")


def from_json(body):
    """OTLP's JSON has ids in hex where protobuf's mapping wants base64."""
    o = json.loads(body)
    for rs in o["resourceSpans"]:
        for ss in rs["scopeSpans"]:
            for span in ss["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return json_format.ParseDict(o, ExportTraceServiceRequest())


def value_of(v):
    kind = v.WhichOneof("value")
    if kind is None:
        raise ValueError("an attribute without a value")
    return getattr(v, kind)


def attributes(pairs):
    keys = [p.key for p in pairs]
    if len(set(keys)) != len(keys) or "" in keys:
        raise ValueError(f"attribute keys are not unique: {keys}")
    return {p.key: value_of(p.value) for p in pairs}


def take(request):
    known(request, "request")
    for rs in request.resource_spans:
        LOG["resources"].append(attributes(rs.resource.attributes))
        for ss in rs.scope_spans:
            LOG["scopes"].append([ss.scope.name, ss.scope.version])
            for s in ss.spans:
                if len(s.trace_id) != 16 or len(s.span_id) != 8 or len(s.parent_span_id) not in (0, 8):
                    raise ValueError(f"{s.name}: ids of a wrong length")
                if not any(s.trace_id) or not any(s.span_id) or s.kind == 0 or not s.name:
                    raise ValueError(f"{s.name}: an empty id, kind or name")
                if not 0 < s.start_time_unix_nano <= s.end_time_unix_nano:
                    raise ValueError(f"{s.name} ends before it begins")
                LOG["spans"].append({
                    "name": s.name, "trace": s.trace_id.hex(), "id": s.span_id.hex(), "parent": s.parent_span_id.hex(),
                    "start": s.start_time_unix_nano, "end": s.end_time_unix_nano, "kind": s.kind,
                    "attributes": attributes(s.attributes), "error": s.status.message if s.status.code == 2 else None,
                    "events": [[e.name, e.time_unix_nano] for e in s.events]})


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", kind="application/json", **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for k, v in more.items():
            self.send_header(k.replace("_", "-"), str(v))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, json.dumps(LOG).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/behave":
            BEHAVE.update(json.loads(body))
            return self.answer(200)
        kind = self.headers.get("Content-Type")
        LOG["requests"].append({"path": self.path, "type": kind, "bytes": len(body), "headers": dict(self.headers)})
        if BEHAVE["times"] > 0:
            BEHAVE["times"] -= 1
            more = {} if BEHAVE["retry_after"] is None else {"Retry_After": BEHAVE["retry_after"]}
            return self.answer(BEHAVE["status"], b"not now", "text/plain", **more)
        try:
            if self.path != "/v1/traces":
                raise ValueError(f"posted to {self.path}")
            if kind == "application/json":
                take(from_json(body))
            elif kind == "application/x-protobuf":
                take(ExportTraceServiceRequest.FromString(body))
            else:
                raise ValueError(f"Content-Type is {kind}")
        except Exception as e:  # noqa: BLE001 - whatever is wrong is the finding
            LOG["complaints"].append(f"{type(e).__name__}: {e}")
            return self.answer(400, str(e).encode(), "text/plain")
        return self.answer(200, ExportTraceServiceResponse().SerializeToString(), kind)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
with open(sys.argv[1], "w", encoding="utf-8") as f:
    f.write(str(server.server_port))
server.serve_forever()
