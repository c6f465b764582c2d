"""The log of verdicts, and the policy file."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
from pathlib import Path

import pytest
from gpt4video.policies.audit import MAX_LINE, AuditLog, subject_hash
from gpt4video.policies.base import Subject
from gpt4video.policies.config import SHIPPED, PolicyConfig, PolicyFileInvalid, load_policy
from hypothesis import given, settings
from hypothesis import strategies as st

from .policy_doubles import asked, verdict


def write_many(path: Path, writer: int) -> None:
    log = AuditLog(path, str(writer))
    for n in range(60):
        log.record(asked(f"{writer} {n}"), [verdict(reason="r" * 300), verdict("block", reason="b" * 200)])


def test_processes_that_write_at_once_lose_and_mix_no_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(path, n)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 2 * 60 * 2
    assert {row["version"] for row in rows} == {"0", "1"}


def test_the_log_holds_no_words_unless_asked(tmp_path: Path) -> None:
    secret = asked("my secret holiday plan", history=["another secret"])
    AuditLog(tmp_path / "a", "1").record(secret, [verdict()])
    assert "secret" not in (tmp_path / "a").read_text()
    AuditLog(tmp_path / "b", "1", keep_text=True).record(secret, [verdict()])
    assert AuditLog(tmp_path / "b", "1").rows()[0]["text"] == "my secret holiday plan"


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    AuditLog(tmp_path / "a", "1").record(asked("x"), [verdict()])
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_rows_can_be_queried(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "a", "1")
    assert log.rows() == []
    for n in range(3):
        log.record(asked(str(n)), [verdict(), verdict("block", policy="text", category="hate", score=0.9)], seconds=0.5)
    assert len(log.rows()) == 6
    assert len(log.rows(action="block")) == 3
    assert len(log.rows(policy="text", category="hate", stage="input", limit=2)) == 2
    assert log.rows(limit=0) == []
    assert log.rows(since=4e9) == []
    row = log.rows(action="block")[0]
    assert (row["score"], row["seconds"], row["version"]) == (0.9, 0.5, "1")


def test_a_line_that_a_crash_cut_short_is_passed_over(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "a", "1")
    log.record(asked("x"), [verdict()])
    with log.path.open("a") as file:
        file.write('{"time": 1, "act')
        file.write("\n[1]\n")
    log.record(asked("y"), [verdict()])
    assert len(log.rows()) == 2


def test_equal_subjects_have_equal_hashes_and_others_differ() -> None:
    assert subject_hash(asked("a")) == subject_hash(asked("a"))
    others = [
        asked("b"),
        asked("a", "prompt"),
        asked("a", history=["h"]),
        Subject(stage="input", text="a", media=Path("m")),
    ]
    assert len({subject_hash(s) for s in [asked("a"), *others]}) == 5


def test_hostile_text_is_logged_as_one_line(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "a", "1", keep_text=True)
    log.record(asked("a\nb\ud800" + "é" * 50_000), [verdict(reason="x\n" * 500)])
    line = (tmp_path / "a").read_bytes()
    assert line.count(b"\n") == 1
    assert len(line) <= MAX_LINE + 1
    assert len(log.rows()) == 1


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_policy_is_valid_and_explained() -> None:
    assert load_policy().version
    lines = SHIPPED.read_text().splitlines()
    assert sum(line.strip().startswith("#") for line in lines) > 20


def test_a_file_of_ones_own_changes_what_it_names_and_keeps_the_rest(tmp_path: Path) -> None:
    config = load_policy(
        own(tmp_path, "version: mine-1\ntext:\n  thresholds:\n    gore: 0.2\nactions:\n  max_steps: 3\n")
    )
    shipped = load_policy()
    assert config.version == "mine-1"
    assert config.text.thresholds["gore"] == 0.2
    assert config.text.thresholds["sexual"] == shipped.text.thresholds["sexual"]
    assert config.actions.max_steps == 3
    assert config.frames == shipped.frames


def test_a_category_of_ones_own_is_read(tmp_path: Path) -> None:
    text = (
        "version: m\ntext:\n  custom:\n    - name: spoilers\n      description: endings\n      examples: [who dies]\n"
    )
    assert load_policy(own(tmp_path, text)).text.custom[0].threshold == 0.6


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("version: m\ntext:\n  thresholds:\n    gore: 1.5\n", 4, "less than or equal to 1"),
        ("version: m\ntext:\n  thresholds:\n    gore: .nan\n", 4, "finite number"),
        ("version: m\ntext:\n  thresholds:\n    goer: 0.5\n", 4, "no such category"),
        ("version: m\n\nframes:\n  treshold: 0.5\n", 4, "Extra inputs"),
        ("version: m\nframes:\n  threshold: high\n", 3, "valid number"),
        ("version: m\nchain:\n  required: [input, lunch]\n", 3, "Input should be"),
        ("version: m\nframes:\n  threshold: 0.1\n  threshold: 0.9\n", 4, "given twice"),
        ("version: m\nframes: [\n", 3, "YAML"),
        ("version: m\na: &x 1\nb: *x\n", 3, "aliases"),
        ("- a\n- b\n", 1, "list of names"),
        ("frames:\n  threshold: 0.5\n", 0, "version"),
        (
            "version: m\ntext:\n  custom:\n    - name: Bad Name\n      description: d\n      examples: [e]\n",
            4,
            "pattern",
        ),
    ],
)
def test_errors_point_at_the_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(PolicyFileInvalid, match=says) as caught:
        load_policy(own(tmp_path, text))
    assert caught.value.line == line


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileInvalid, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyFileInvalid):
        load_policy(tmp_path / "bytes.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * 300_000)
    with pytest.raises(PolicyFileInvalid, match="larger"):
        load_policy(tmp_path / "big.yaml")


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_no_file_gives_anything_but_a_policy_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.mktemp("p") / "policy.yaml"
    path.write_bytes(raw)
    with contextlib.suppress(PolicyFileInvalid):
        assert isinstance(load_policy(path), PolicyConfig)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["version", "text", "chain", "frames", "actions", "thresholds", "gore", "custom"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["version", "text", "chain", "frames", "actions", "audit", "x"]), VALUES, max_size=4
    )
)
def test_no_structure_gives_anything_but_a_policy_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("p") / "policy.yaml"
    path.write_text(json.dumps(tree), encoding="utf-8")
    try:
        config = load_policy(path)
    except PolicyFileInvalid:
        return
    assert all(0 <= limit <= 1 for limit in config.text.thresholds.values())
