"""Stores on the loopback device: an S3 server, SFTP, and a plain HTTP server.

Each is a context manager. Credentials come from the standard places only: the environment for S3,
the folder ``.ssh`` of the home for SFTP.
"""

import contextlib
import getpass
import logging
import os
import shutil
import socket
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

SECRET = "swordfish"
"""Secret key of the S3 server, which no file or message may contain."""

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
"""OpenSSH's server; None if it is not installed."""

SSHD_CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
MaxStartups 100
Subsystem sftp internal-sftp
"""


@contextlib.contextmanager
def s3_server():
    """Run moto's S3 server in a thread, and give its address, such as http://127.0.0.1:1234."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def s3_environment(endpoint):
    """The environment variables by which S3 clients find a server and its credentials."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class SftpServer(NamedTuple):
    """An SFTP server, and a home from which its users reach it."""

    port: int
    home: Path
    pid: int

    def url(self, path):
        """The name of a file of this machine on the server."""
        return f"sftp://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def sftp_server(folder):
    """Run OpenSSH's server with keys of its own; everything that it needs is in the folder."""
    folder = Path(folder)
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    for name in ("host_key", "user_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    shutil.copy(folder / "user_key", home / ".ssh/id_ed25519")
    port = free_port()
    host_key = " ".join((folder / "host_key.pub").read_text().split()[:2])
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (folder / "sshd_config").write_text(SSHD_CONFIG.format(port=port, folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # for the separation of privileges
    with open(folder / "sshd.log", "wb") as log:
        command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        server = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for_port(port, server)
        yield SftpServer(port, home, server.pid)
    finally:
        server.terminate()
        server.wait()


def sftp_environment(server):
    """The environment variables of a user of an SFTP server."""
    return {"HOME": str(server.home), "USER": getpass.getuser(), "SSH_AUTH_SOCK": ""}


@contextlib.contextmanager
def http_server(folder):
    """Serve a folder by HTTP, and give its address."""
    handler = partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Print nothing."""


def free_port():
    """A port of the loopback device that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=10):
    """Wait until a process accepts connections."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise RuntimeError(f"no server on port {port}")
