"""Policy as code: ``policy.yaml``, validated, with errors that point at the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from .base import Stage
from .categories import CHANNELS

SHIPPED = Path(__file__).parent / "policy.yaml"
_MAX_BYTES = 200_000
_JUDGES: dict[str, tuple[str, str]] = {
    "llama-guard": (r"\S.*", "DIR_OR_HUB_ID"),
    "shieldgemma": (r"\S.*", "DIR_OR_HUB_ID"),
    "moderation": (r"https?://[^\s#]+#\S+", "BASE_URL#MODEL"),
}
"""Kinds of judges: the form of what follows the colon, and how it is written."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1000)]


class PolicyFileInvalid(ValueError):
    """The policy file cannot be used; the message names file, line, fault and remedy.

    Attributes:
        line: 1-based; 0 where the whole file is meant.
    """

    def __init__(self, path: Path, line: int, message: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {message}")
        self.line = line


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChainConfig(_Section):
    """Time limits, and the stages that must have a policy."""

    seconds: Seconds
    media_seconds: Seconds
    required: list[Stage]


class CustomCategory(_Section):
    """A user's own category, recognised by likeness to examples (cosine of sentence embeddings)."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
    description: Annotated[str, Field(min_length=1, max_length=200)]
    examples: Annotated[list[Annotated[str, Field(min_length=1, max_length=400)]], Field(min_length=1, max_length=200)]
    threshold: Share = 0.6


class JudgeConfig(_Section):
    """A stronger judge: ``llama-guard:``, ``shieldgemma:`` (DIR_OR_HUB_ID) or ``moderation:BASE_URL#MODEL``."""

    judge: str
    threshold: Share | None = None

    @field_validator("judge")
    @classmethod
    def _known(cls, spec: str) -> str:
        kind, _, where = spec.partition(":")
        form = _JUDGES.get(kind)
        if form is None:
            raise PydanticCustomError(
                "judge",
                "there is no judge {spec}. Choose from {kinds}",
                {"spec": repr(spec), "kinds": ", ".join(_JUDGES)},
            )
        if not re.fullmatch(form[0], where):
            raise PydanticCustomError(
                "judge", "{spec} is not {form}", {"spec": repr(spec), "form": f"{kind}:{form[1]}"}
            )
        return spec

    @field_validator("threshold")
    @classmethod
    def _wanted(cls, threshold: float | None, info: ValidationInfo) -> float | None:
        if threshold is not None and not str(info.data.get("judge", "shieldgemma:")).startswith("shieldgemma:"):
            raise PydanticCustomError("judge", "only shieldgemma has a threshold; the others answer yes or no")
        return threshold


class TextConfig(_Section):
    """How words are judged; the fields are explained in ``policy.yaml``."""

    max_characters: Annotated[int, Field(ge=100, le=1_000_000)]
    thresholds: dict[str, Share]
    soft_rule_floor: Share
    harmless_context: Share
    output: Share
    unreadable: Share
    turns: Annotated[int, Field(ge=0, le=20)]
    together: Share
    custom: list[CustomCategory] = []
    judges: list[JudgeConfig] = []


class FramesConfig(_Section):
    """How frames are judged."""

    threshold: Share
    every: Seconds


class ApprovalConfig(_Section):
    """Which steps wait for the user's word."""

    costs: list[Literal["free", "slow", "paid"]]
    tools: list[str] = []
    generate_seconds: Seconds


class ActionsConfig(_Section):
    """What a plan may hold."""

    max_steps: Count
    max_generate: Count
    max_generate_seconds: Seconds
    max_generate_seconds_total: Seconds
    tools: list[str]
    approval: ApprovalConfig


class AuditConfig(_Section):
    """What the log keeps."""

    keep_text: bool


class PolicyConfig(_Section):
    """A whole policy file."""

    version: Annotated[str, Field(min_length=1, max_length=40)]
    chain: ChainConfig
    text: TextConfig
    frames: FramesConfig
    actions: ActionsConfig
    audit: AuditConfig


def load_policy(path: Path | None = None) -> PolicyConfig:
    """Read a policy file; what it leaves out is taken from the shipped one.

    Args:
        path: the user's file; None is the shipped policy alone.

    Raises:
        PolicyFileInvalid: unreadable, no YAML, unknown names or impossible values.
    """
    base = _shipped()
    if path is None:
        return _validate(base, base, None, SHIPPED)
    own, tree = _read(path)
    return _validate(_merge(base, own), own, tree, path)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    return _read(SHIPPED)[0]


def _read(path: Path) -> tuple[dict[str, Any], yaml.Node | None]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PolicyFileInvalid(path, 0, f"it cannot be read ({error.strerror}). Check the path.") from error
    if len(raw) > _MAX_BYTES:
        raise PolicyFileInvalid(path, 0, f"it is larger than {_MAX_BYTES} bytes. Shorten it.")
    try:
        text = raw.decode("utf-8")
        # Anchors are refused: a few lines of them expand into gigabytes.
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken):
                raise PolicyFileInvalid(
                    path, token.start_mark.line + 1, "aliases (*name) are not allowed. Spell it out."
                )
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(tree, path)
        value = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise PolicyFileInvalid(path, 0, "it is not UTF-8 text. Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "no valid YAML"
        raise PolicyFileInvalid(path, mark.line + 1 if mark else 0, f"{problem}. Mend the YAML.") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, PolicyFileInvalid):
            raise
        raise PolicyFileInvalid(path, 0, f"no valid YAML ({error}). Mend it.") from error
    if value is None:
        return {}, tree
    if not isinstance(value, dict):
        raise PolicyFileInvalid(path, 1, "it must be a list of names with values, such as 'version: \"1\"'.")
    return value, tree


def _pairs(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _pairs(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _pairs(value)


def _refuse_duplicates(tree: yaml.Node | None, path: Path) -> None:
    """YAML lets the last of two equal keys win silently; a policy must not be lost that way."""
    for mapping in _pairs(tree):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if str(key.value) in seen:
                raise PolicyFileInvalid(path, key.start_mark.line + 1, f"{key.value!r} is given twice. Keep one.")
            seen.add(str(key.value))


def _merge(base: dict[str, Any], own: dict[Any, Any]) -> dict[Any, Any]:
    merged: dict[Any, Any] = dict(base)
    for key, value in own.items():
        below = base.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _line(tree: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """Line of a value in the file, as near as the file has it."""
    line, node = 0, tree
    for part in place:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _validate(merged: dict[Any, Any], own: dict[Any, Any], tree: yaml.Node | None, path: Path) -> PolicyConfig:
    try:
        config = PolicyConfig.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        name = ".".join(map(str, place)) or "the file"
        raise PolicyFileInvalid(path, _line(tree, place), f"{name}: {first['msg']}. Compare policy.yaml.") from error
    unknown = sorted(set(config.text.thresholds) - set(CHANNELS))
    if unknown:
        place = ("text", "thresholds", unknown[0])
        message = f"text.thresholds.{unknown[0]}: there is no such category. Choose from {', '.join(CHANNELS)}."
        raise PolicyFileInvalid(path, _line(tree, place), message)
    if not config.version.strip() or (own is not merged and "version" not in own):
        raise PolicyFileInvalid(path, 0, "version: a policy of your own needs one. Add 'version: \"mine-1\"'.")
    return config
