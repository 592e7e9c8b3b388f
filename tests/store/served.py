"""An S3 server on the loopback, and what the environment must say for it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keep3r_replay.lake import bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

SECRET = "not-to-be-told"


@contextmanager
def bucket_served(patch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A bucket `lakes`; gives the variables that lead to it, which are set meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # A process of its own: polars keeps ours from answering while it asks for a file's schema.
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not answers(port):
        assert server.poll() is None
        time.sleep(0.1)
    said = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "known",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in said.items():
        patch.setenv(name, value)
    bucket._file_system.cache_clear()
    client().create_bucket(Bucket="lakes")
    try:
        yield said
    finally:
        bucket._file_system.cache_clear()
        server.kill()
        server.wait()


def answers(port: int) -> bool:
    """Whether the server listens."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def client():
    """A client of the server that is none of ours."""
    import boto3

    return boto3.client("s3", region_name="us-east-1")


def upload(folder: Path, place: str) -> None:
    """Put a folder's files below a name in the bucket."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client().put_object(
                Bucket="lakes", Key=f"{place}/{path.relative_to(folder).as_posix()}", Body=path.read_bytes()
            )


def objects(place: str) -> dict[str, bytes]:
    """What the bucket holds below a name, but for the marks of folders."""
    found = client().list_objects_v2(Bucket="lakes", Prefix=f"{place}/").get("Contents", [])
    keys = [each["Key"] for each in found if not each["Key"].endswith("/")]
    return {key[len(place) + 1 :]: client().get_object(Bucket="lakes", Key=key)["Body"].read() for key in keys}
