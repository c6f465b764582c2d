"""The cache of remote files: what is in use stays, whoever uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gpt4video.memory.cache import FileCache
from gpt4video.memory.library import ClipFacts, Library

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)


def video(folder: Path, content: bytes) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.mp4"
    path.write_bytes(content)
    return path


def test_a_cache_keeps_what_was_used_last_and_what_is_held(tmp_path: Path) -> None:
    def put(cache: FileCache, name: str) -> None:
        temporary = tmp_path / "temporary"
        temporary.write_bytes(b"x" * 100)
        cache.put(temporary, f"ab/{name}")

    cache = FileCache(tmp_path / "cache", 1000)
    for number in range(20):
        put(cache, f"{number:02}")
    held = sorted(path.name for path in (tmp_path / "cache" / "ab").iterdir())
    assert held == [f"{number:02}" for number in range(10, 20)]
    assert cache.take("ab/10", 100) == tmp_path / "cache" / "ab" / "10"
    assert cache.take("ab/00", 100) is None
    assert cache.take("ab/10", 99) is None
    small = FileCache(tmp_path / "cache", 0)
    put(small, "new")
    left = {path.name for path in (tmp_path / "cache" / "ab").iterdir()}
    assert {"10", "19", "new"} <= left
    cache.close()
    small.close()
    put(FileCache(tmp_path / "cache", 0), "last")
    assert [path.name for path in (tmp_path / "cache" / "ab").iterdir()] == ["last"]


HOLDER = """
import sys
from pathlib import Path
from gpt4video.memory.library import Library
with Library(Path(sys.argv[1]), files=sys.argv[2], cache_bytes=1500) as library:
    print(library.get(sys.argv[3]).path, flush=True)
    sys.stdin.readline()
"""


def test_a_file_that_another_process_uses_is_not_taken_away(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    with Library(tmp_path / "home", files=url, cache_bytes=1500) as library:
        used = library.add(video(tmp_path, b"u" * 1000), FACTS)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "home"), url, used.id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == str(used.path)
        with Library(tmp_path / "home", files=url, cache_bytes=1500) as library:
            library.add(video(tmp_path, b"v" * 1000), FACTS)
            assert used.path.exists()
            holder.communicate("go\n", timeout=60)
            library.add(video(tmp_path, b"w" * 1000), FACTS)
            assert not used.path.exists()
