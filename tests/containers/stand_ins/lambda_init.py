#!/usr/bin/env python3
"""What LocalStack starts in a function's container, in place of its own `lambda-runtime-init`.

LocalStack hands it invocations on port 9563 and is told there what came of them; the function's
runtime asks for them on port 9001, by Lambda's runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). Standard library alone: it runs in
Lambda's image.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LOCALSTACK = os.environ.get("LOCALSTACK_RUNTIME_ENDPOINT", "")
_ID = os.environ.get("LOCALSTACK_RUNTIME_ID", "")
_TIMEOUT_S = int(os.environ.get("AWS_LAMBDA_FUNCTION_TIMEOUT", "30"))
_USER, _GROUP = 990, 993
_LAST_LINES_S = 0.02
"""What a function printed last may come after its answer."""

_invocations: "queue.Queue[dict[str, Any]]" = queue.Queue()
_ready = threading.Event()
_lines: list[str] = []
_lock = threading.Lock()
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _tell(path: str, body: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310 - LocalStack's own address
        f"{_LOCALSTACK}{path}", data=body, headers={"Content-Type": "application/json"}
    )
    _opener.open(request, timeout=60).read()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The container's log is the function's."""

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if length := self.headers.get("Content-Length"):
            return self.rfile.read(int(length))
        chunks = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


class _ForRuntime(_Handler):
    """Lambda's runtime API."""

    def do_GET(self) -> None:
        if not _ready.is_set():
            _ready.set()
            _tell(f"/status/{_ID}/ready", b"{}")
        one = _invocations.get()
        deadline_ms = int((time.time() + _TIMEOUT_S) * 1000)
        self._answer(
            200,
            one["payload"].encode(),
            Content_Type="application/json",
            Lambda_Runtime_Aws_Request_Id=one["invoke-id"],
            Lambda_Runtime_Invoked_Function_Arn=one["invoked-function-arn"],
            Lambda_Runtime_Trace_Id=one.get("trace-id") or "",
            Lambda_Runtime_Deadline_Ms=str(deadline_ms),
        )

    def do_POST(self) -> None:
        body = self._body()
        if self.path.endswith("/init/error"):
            _tell(f"/status/{_ID}/error", body)
        else:
            *_, invocation, outcome = self.path.split("/")  # `response` or `error`
            time.sleep(_LAST_LINES_S)
            with _lock:
                said = "".join(_lines)
                _lines.clear()
            _tell(f"/invocations/{invocation}/logs", json.dumps({"logs": said}).encode())
            _tell(f"/invocations/{invocation}/{outcome}", body)
        self._answer(202, b'{"status":"OK"}')


class _ForLocalStack(_Handler):
    """Where LocalStack sends invocations."""

    def do_POST(self) -> None:
        one = json.loads(self._body())
        version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        with _lock:
            _lines.append(f"START RequestId: {one['invoke-id']} Version: {version}\n")
        _invocations.put(one)
        self._answer(200)


def main() -> None:
    """Serve both, and run the function's runtime until it ends."""
    # Else the first process of a container does not heed it, and Docker waits before it kills.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for item in json.loads(os.environ.get("LOCALSTACK_CHMOD_PATHS", "[]")):
        subprocess.run(["chmod", "-R", item["mode"], item["path"]], check=False)
    for address, handler in ((("127.0.0.1", 9001), _ForRuntime), (("", 9563), _ForLocalStack)):
        server = ThreadingHTTPServer(address, handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    runtime = subprocess.Popen(
        ["/var/runtime/bootstrap"],
        env={
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "HOME": "/home/sbx_user1051",
        },
        cwd="/var/task",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=_USER,
        group=_GROUP,
    )
    assert runtime.stdout is not None
    for line in runtime.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        with _lock:
            _lines.append(line)
    sys.exit(runtime.wait())


if __name__ == "__main__":
    main()
