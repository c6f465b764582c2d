"""The layout and import rules, read from the source with ``ast``."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP = ("agent", "tools", "memory", "policies")
MAY_IMPORT = {
    "agent": {"agent", "tools", "memory", "policies"},
    "tools": {"tools"},
    "memory": {"memory"},
    "policies": {"policies"},
}
HEAVY = {
    "torch",
    "transformers",
    "diffusers",
    "chromadb",
    "ray",
    "cv2",
    "openvino",
    "scenedetect",
    "peft",
    "xgrammar",
}
OFFLINE = {"training", "evaluation", "interfaces"}
MODEL_CODE = ("agent/model/", "agent/training/", "tools/generation/embedded/", "tools/understanding/efficientnet.py")
"""Where a module is a torch network or its training; nobody imports these before a model is wanted."""


def sources() -> list[Path]:
    return [path for top in TOP for path in sorted((ROOT / top).rglob("*.py"))]


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Absolute dotted names of what a file imports, with ``gpt4video.`` for our own."""
    package = ("gpt4video", *path.relative_to(ROOT).with_suffix("").parts)[:-1]
    tree = ast.parse(path.read_text())
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if top_level_only and id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_packages_import_only_what_they_may() -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        for name in imports(path)
        if name.startswith("gpt4video.") and name.split(".")[1] not in MAY_IMPORT[path.relative_to(ROOT).parts[0]]
    ]
    assert not broken


def test_our_own_imports_are_relative() -> None:
    absolute = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and not node.level
        and (node.module or "").split(".")[0] in ("gpt4video", *TOP)
    ]
    assert not absolute


def test_what_runs_a_turn_imports_no_offline_code() -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        if not OFFLINE & set(path.relative_to(ROOT).parts[:2])
        for name in imports(path)
        if name.startswith("gpt4video.agent.") and name.split(".")[2] in OFFLINE
    ]
    assert not broken


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        if not str(path.relative_to(ROOT)).startswith(MODEL_CODE)
        for name in imports(path, top_level_only=True)
        if name.split(".")[0] in HEAVY
    ]
    assert not broken


def test_there_is_no_drawer_for_everything() -> None:
    assert not [path for path in sources() if path.stem in ("utils", "helpers", "misc", "common")]


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from gpt4video.agent.interfaces import cli; "
        f"heavy = {sorted(HEAVY | {'langgraph', 'numpy'})!r}; print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree, so that no build leftovers get in or stay behind."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file() and name.split("/")[0] in (*TOP, "pyproject.toml", "setup.py", "README.md"):
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "tree" / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), "."]
    subprocess.run(command, cwd=folder / "tree", check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_module_and_every_weight(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    kinds = {".py", ".safetensors", ".json", ".jsonl", ".yaml", ".txt", ".guard", ".html", ".css", ".js", ".svg"}
    tree = wheel.parent / "tree"
    wanted = {
        f"gpt4video/{path.relative_to(tree)}"
        for top in TOP
        for path in (tree / top).rglob("*")
        if path.is_file() and (path.suffix in kinds or path.name == "py.typed")
    }
    assert not sorted(wanted - held)


def test_the_wheel_brings_no_folder_that_could_collide(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gpt4video"}
