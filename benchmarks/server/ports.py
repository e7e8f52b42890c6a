"""Where the server is: started for as long as a `with` block lasts.

House rule: the certificate of its TLS port is made anew each time; riders find its authority where
OpenSSL looks for one (`SSL_CERT_FILE`), as they would find a company's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import msgspec

__all__ = ["Ports", "running_server"]


class Ports(msgspec.Struct, frozen=True):
    """The ports of one server; `tls` is `None` where no certificate could be made."""

    plain: int
    tls: int | None = None

    @property
    def url(self) -> str:
        """Over plain http."""
        return f"http://127.0.0.1:{self.plain}"

    @property
    def secure_url(self) -> str | None:
        """Over TLS."""
        return None if self.tls is None else f"https://127.0.0.1:{self.tls}"


@contextmanager
def running_server() -> Generator[Ports]:
    """Start the server in a process of its own; it ends with the block."""
    with tempfile.TemporaryDirectory() as folder, _certificate(Path(folder)) as certificate:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", *certificate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with process:
            assert process.stdout is not None
            try:
                yield msgspec.json.decode(process.stdout.readline(), type=Ports)
            finally:
                process.communicate()


@contextmanager
def _certificate(folder: Path) -> Generator[list[str]]:
    """The file of a new certificate; its authority is trusted by the processes to come."""
    if not find_spec("trustme"):
        yield []
        return
    import trustme

    authority = trustme.CA()
    trusted, own = folder / "authority.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(trusted))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(trusted)
    try:
        yield [str(own)]
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before
