# /// script
# dependencies = ["boto3", "pyftpdlib>=2.0"]
# ///
"""A gateway for cameras that can send pictures by FTP and nothing else.

    FTP_PASSWORD=... python examples/camera_ftp_gateway.py BUCKET [--host 0.0.0.0] [--port 2121]
        [--spool camera-spool]

A camera logs in with its scale's id as the user and the shared password, and names its pictures
with what the scale showed, such as `0042_0.450kg.jpg`. A picture whose name has no weight goes into
the bucket too: there it becomes a failed weighing that says so, instead of vanishing here.

What the bucket does not take stays in the spool folder, and is sent when this starts again.

FTP sends the password in clear text: run this in the shop's own network.
"""

import argparse
import hmac
import logging
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WEIGHT = re.compile(r"_(\d+[.,]\d+)kg\.\w+$", re.IGNORECASE)
SCALE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_log = logging.getLogger("camera-gateway")


class Cameras(DummyAuthorizer):  # type: ignore[misc]
    """Lets every scale in that knows the password; each has a folder that it can only write to."""

    def __init__(self, root: Path, password: str) -> None:
        super().__init__()
        self._root, self._password = root, password

    def validate_authentication(
        self, username: str, password: str, _handler: FTPHandler | None
    ) -> None:
        """Let a camera in, or raise."""
        known = hmac.compare_digest(password.encode(), self._password.encode())
        if not known or not SCALE_ID.fullmatch(username):
            raise AuthenticationFailed("The user is the scale's id, with the shared password.")
        folder = self._root / username
        folder.mkdir(exist_ok=True)
        if not self.has_user(username):
            self.add_user(username, "", str(folder), perm="elw")


class Gateway(FTPHandler):  # type: ignore[misc]
    """Passes each picture on as soon as it is whole."""

    s3: "S3Client"
    bucket: str

    def on_file_received(self, file: str) -> None:
        """Move a picture into the bucket."""
        pass_on(self.s3, self.bucket, Path(file))

    def on_incomplete_file_received(self, file: str) -> None:
        """Drop what a broken connection left; the camera sends it again."""
        Path(file).unlink(missing_ok=True)


def pass_on(s3: "S3Client", bucket: str, picture: Path) -> None:
    """Move a picture from its scale's folder into the bucket."""
    scale_id = picture.parent.name
    metadata = {"scale-id": scale_id}
    if weight := WEIGHT.search(picture.name):
        metadata["weight-kg"] = weight[1].replace(",", ".")
    key = f"uploads/{scale_id}/{time.time_ns()}-{picture.name}"
    s3.upload_file(str(picture), bucket, key, ExtraArgs={"Metadata": metadata})
    picture.unlink()
    _log.info("%s -> s3://%s/%s %s", picture.name, bucket, key, metadata)


def server(bucket: str, password: str, spool: Path, host: str, port: int) -> ThreadedFTPServer:
    """A gateway that is ready to serve, and has sent what its predecessor could not."""
    spool.mkdir(parents=True, exist_ok=True)
    s3 = boto3.client("s3")
    for picture in sorted(spool.glob("*/*")):
        pass_on(s3, bucket, picture)
    handler = type("BucketGateway", (Gateway,), {"s3": s3, "bucket": bucket})
    handler.authorizer = Cameras(spool, password)  # type: ignore[attr-defined]
    return ThreadedFTPServer((host, port), handler)


def main() -> None:
    """Serve until stopped."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("bucket")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=2121)
    arguments.add_argument("--spool", type=Path, default=Path("camera-spool"))
    given = arguments.parse_args()
    password = os.environ.get("FTP_PASSWORD")
    if not password:
        sys.exit("Set FTP_PASSWORD to what the cameras log in with.")
    logging.basicConfig(level=logging.INFO)
    server(given.bucket, password, given.spool, given.host, given.port).serve_forever()


if __name__ == "__main__":
    main()
