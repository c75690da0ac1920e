"""An S3 store and a web server on this machine, in place of those that the pages name."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without a line for each request."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def bucket(start: Path) -> Iterator[dict[str, str]]:
    """Serve ``s3://bucket`` with the files of the start; give the variables that name it."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(start)))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "WEB_SERVER": f"http://127.0.0.1:{web.server_port}",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="reader",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="bucket")
    for name in ("corpus", "birds"):
        for file in sorted((start / "corpus").rglob("*.wav")):
            key = f"{name}/{file.relative_to(start / 'corpus').as_posix()}"
            client.upload_file(str(file), "bucket", key)
    client.upload_file(str(start / "genre.fk"), "bucket", "model.fk")
    client.upload_file(str(start / "corpus.zip"), "bucket", "corpus.zip")
    try:
        yield variables
    finally:
        web.shutdown()
        server.stop()
