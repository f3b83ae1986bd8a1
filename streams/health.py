"""`/metrics` and `/health` of a running sink, on the loopback only: who may log in to the machine may look.

`/health` answers JSON: `status` (ok, degraded or stuck), `stage`, `seconds` in it without moving on, `since`, and
`part` when one is away. The HTTP status is 503 when the sink is stuck, and 200 otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from kernel.clock import Clock
from kernel.errors import PartUnavailableError
from streams.metrics import Metrics
from streams.progress import Progress, describe

HOST = "127.0.0.1"


@contextmanager
def served(metrics: Metrics, progress: Progress, clock: Clock, *, port: int) -> Iterator[str]:
    """Serve both pages for the length of a block; give the address, host:port. Port 0 is any free one.

    Raises `PartUnavailableError` when the port is taken.
    """
    try:
        server = ThreadingHTTPServer((HOST, port), _handler(metrics, progress, clock))
    except OSError as error:
        message = f"the sink's metrics cannot be served on {HOST}:{port}: {(error.strerror or str(error)).lower()}"
        remedy = "Choose another port with --metrics-port or SUARA_SINK__METRICS_PORT; 0 takes a free one."
        raise PartUnavailableError(message, remedy=remedy) from error
    server.daemon_threads = True
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    serving.start()
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def _handler(metrics: Metrics, progress: Progress, clock: Clock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "suara"
        sys_version = ""
        timeout = 10  # a client that says nothing holds no thread for ever

        def do_GET(self) -> None:
            """Answer one of the two pages."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, *metrics.page(self.headers.get("Accept") or ""))
            elif path == "/health":
                found = progress.standing()
                body = json.dumps({"status": found.status, **describe(found, clock.now())})
                self._answer(503 if found.status == "stuck" else 200, body.encode(), "application/json")
            else:
                self._answer(404, b"Here are /metrics and /health.\n", "text/plain; charset=utf-8")

        def log_message(self, *_: object) -> None:
            """Write no line for a look: one comes every few seconds."""

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
