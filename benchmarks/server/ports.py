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

_AUTHORITY = "authority.pem"


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
    """Start the server in a process of its own; it ends with the block.

    Until then processes that are started trust its certificate, and ask no proxy for it.
    """
    with tempfile.TemporaryDirectory() as folder:
        certificate = _certificate(Path(folder))
        trusted = {} if certificate is None else {"SSL_CERT_FILE": f"{folder}/{_AUTHORITY}"}
        around = _environment(no_proxy="127.0.0.1", NO_PROXY="127.0.0.1", **trusted)
        with around, _started(certificate) as ports:
            yield ports


@contextmanager
def _started(certificate: Path | None) -> Generator[Ports]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", *map(str, filter(None, [certificate]))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        try:
            yield msgspec.json.decode(process.stdout.readline(), type=Ports)
        finally:
            process.communicate()


def _certificate(folder: Path) -> Path | None:
    """The file of a new certificate, its authority's beside it; `None` where none can be made."""
    if not find_spec("trustme"):
        return None
    import trustme

    authority = trustme.CA()
    own = folder / "server.pem"
    authority.cert_pem.write_to_path(str(folder / _AUTHORITY))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
    return own


@contextmanager
def _environment(**values: str) -> Generator[None]:
    """What the processes to come will find in their environment."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
