"""A real Chroma server for tests, on a free port of this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


class ChromaServer:
    """``chroma run`` in a folder; ``url`` is where it answers."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._folder = folder
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = Path(sys.executable).with_name("chroma")
        where = ["--host", "127.0.0.1", "--port", str(self._port), "--path", str(self._folder)]
        self._log = self._folder.with_suffix(".log").open("ab")
        self._process = subprocess.Popen([command, "run", *where], stdout=self._log, stderr=self._log)
        for _ in range(600):
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/api/v2/heartbeat", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(self._folder.with_suffix(".log").read_text())

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._log.close()
