"""Commands about models: ``models pull|list``, ``train`` and ``eval``."""

from __future__ import annotations

import json
import runpy
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cli_examples import examples
from .console import Home, Json, PullBar, faults, out, print_json

if TYPE_CHECKING:
    from ..components import Components


class Exam(StrEnum):
    """What can be measured."""

    PLAN = "plan"
    SEE = "see"
    TEMPORAL = "temporal"
    WORDING = "wording"
    GENERATE = "generate"
    SAFETY = "safety"


class Recipe(StrEnum):
    """What can be trained."""

    SEE = "see"
    PLAN = "plan"
    ALL = "all"
    GENERATOR = "generator"
    RETRIEVAL = "retrieval"
    GUARD = "guard"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    models = typer.Typer(help="The pinned model files.", no_args_is_help=True)
    models.command("pull")(pull)
    models.command("list")(list_models)
    app.add_typer(models, name="models")
    app.command("eval", epilog=examples("eval"))(evaluate)
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(context_settings=passed_on, epilog=examples("train"))(train)


def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all of them by default.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Pull the pinned model files into the cache and check their SHA-256."""
    from ..errors import RequestInvalid
    from ..model.artifacts import ArtifactStore

    del home  # the cache is shared by all homes
    with faults(as_json):
        store = ArtifactStore()
        unknown = [name for name in names or [] if name not in store.registry]
        if unknown:
            raise RequestInvalid(f"There is no artifact {unknown[0]!r}.", f"Known: {', '.join(store.registry)}.")
        folders = {name: str(store.folder(name, PullBar())) for name in names or store.registry}
        if as_json:
            print_json(folders)
        else:
            for name, folder in folders.items():
                out().print(f"{name:<8} {folder}", markup=False, soft_wrap=True)


def list_models(home: Home = None, as_json: Json = False) -> None:
    """List the pinned model files: source, licence, size and whether they are in the cache."""
    from ..model.artifacts import ArtifactStore

    del home  # the cache is shared by all homes
    store = ArtifactStore()
    rows = [
        {
            "name": one.name,
            "use": one.use,
            "source": one.source,
            "licence": one.licence,
            "bytes": one.size,
            "ready": store.is_ready(one.name),
        }
        for one in store.registry.values()
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "ready " if row["ready"] else "absent"
        size = f"{int(str(row['bytes'])) / 1e6:6.1f} MB"
        out().print(f"{row['name']:<8} {mark} {size}  {row['use']} ({row['licence']})", markup=False, soft_wrap=True)


def train(
    context: typer.Context,
    recipe: Annotated[Recipe, typer.Argument(help="Which weights to make.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Run a training recipe; options after its name are the recipe's own ('gpt4video train guard -- --help')."""
    del home  # recipes take their own folders
    module = f"{__package__.rpartition('.')[0]}.training.{'planner' if recipe is Recipe.PLAN else recipe.value}"
    with faults(as_json):
        sys.argv = [f"gpt4video train {recipe.value}", *context.args]
        runpy.run_module(module, run_name="__main__")
        if as_json:
            print_json({"recipe": recipe.value, "finished": True})


def evaluate(
    exam: Annotated[Exam, typer.Argument(help="What to measure.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="see, temporal: photos with captions; plan: held-out rows of 'planner_data'; wording, safety: the data"
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="At most so many plans, photos, or prompts an attribute.", min=0)] = 0,
    weights: Annotated[Path | None, typer.Option(help="Another folder of weights than the shipped one.")] = None,
    misses: Annotated[Path | None, typer.Option(help="Write what was wrong to this file, a JSON line each.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw to this PNG: safety: ROC curve; generate: the clips.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Measure the shipped models on what they were never trained on."""
    from ..evaluation.generate import contact_sheet
    from ..evaluation.shares import draw_roc, wilson

    del home  # no state is touched
    with faults(as_json):
        reports = {
            Exam.PLAN: _plan_report,
            Exam.SEE: _see_report,
            Exam.TEMPORAL: _temporal_report,
            Exam.WORDING: _wording_report,
            Exam.GENERATE: _generate_report,
            Exam.SAFETY: _safety_report,
        }
        report = reports[exam](data, most, weights)
        wrong, clips = report.pop("misses"), report.pop("clips", ())
        if misses is not None:
            misses.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in wrong), encoding="utf-8")
        if picture is not None and "roc" in report:
            points = {name: (row["refused_wrongly"], row["detected"]) for name, row in report["ablation"].items()}
            draw_roc(report["roc"], points, picture)
        if picture is not None and clips:
            contact_sheet(clips, picture)
        if as_json:
            print_json(report)
            return
        for name, value in report.items():
            if name not in {"by_kind", "roc"}:
                out().print(f"{name:<16} {value}", markup=False)
        wide = max(14, *map(len, report["by_kind"]))
        for kind, (right, of) in report["by_kind"].items():
            low, high = wilson(right, of)
            out().print(
                f"  {kind:<{wide}} {right:>4}/{of:<4} {right / max(of, 1):6.1%}  (95 %: {low:.1%} to {high:.1%})",
                markup=False,
            )


def _plan_report(data: Path | None, most: int, weights: Path | None) -> dict[str, Any]:
    from ..backends import WEIGHTS
    from ..evaluation.plans import by_hand, evaluate, held_out
    from ..model.artifacts import ArtifactStore
    from ..planner.local import LocalPlanner

    cases = held_out(data, most or 500) if data else by_hand()
    return evaluate(LocalPlanner(ArtifactStore().folder("llm", PullBar()), weights or WEIGHTS / "planner"), cases)


def _wording_report(data: Path | None, most: int, _: Path | None) -> dict[str, Any]:
    from ..evaluation.wording import cases, evaluate

    return evaluate(_parts(), cases(data, most or 500))


def _parts() -> Components:
    from ..components import Components
    from ..settings import Settings, resolve_home

    return Components(Settings(home=resolve_home()), pulling=PullBar())


def _see_report(data: Path | None, most: int, weights: Path | None) -> dict[str, Any]:
    from ..errors import RequestInvalid
    from ..evaluation.seeing import dev_bank, evaluate
    from ..seeing import local_seer

    if data is None:
        raise RequestInvalid("Seeing is measured on photos with captions.", "Name their folder with --data.")
    parts = _parts()
    bank = dev_bank(data, parts.models("vision") / "efficientnet-lite0-57934424.pth", most)
    return evaluate(local_seer(parts, weights), bank)


def _temporal_report(data: Path | None, most: int, _: Path | None) -> dict[str, Any]:
    from ..errors import RequestInvalid
    from ..evaluation.temporal import cases, evaluate

    if data is None:
        raise RequestInvalid("Order is measured on photos with captions.", "Name their folder with --data.")
    return evaluate(_parts(), cases(data, most or 140))


def _safety_report(data: Path | None, most: int, weights: Path | None) -> dict[str, Any]:
    from ...policies.config import load_policy
    from ..evaluation.safety import by_hand, classifiers, evaluate, held_out
    from ..model.artifacts import ArtifactStore

    cases = held_out(data, most or 300) if data else by_hand()
    return evaluate(load_policy().text, classifiers(ArtifactStore().folder("text", PullBar()), weights), cases)


def _generate_report(_: Path | None, most: int, weights: Path | None) -> dict[str, Any]:
    from ...tools.generation.embedded import EmbeddedGenerator
    from ...tools.understanding.vision import VisionEncoder
    from ..evaluation.drawn_prompts import prompts
    from ..evaluation.generate import distances, evaluate
    from ..model.artifacts import ArtifactStore
    from ..training.scene_bank import HELD_OUT_SEEDS
    from ..training.scene_reader import Reader, check

    text = ArtifactStore().folder("text", PullBar())
    generator = EmbeddedGenerator(weights, text) if weights else EmbeddedGenerator.shipped(text)
    reader = Reader.trained()
    report = evaluate(generator, prompts(most or 20), reader.read)
    encoder = VisionEncoder(ArtifactStore().folder("vision", PullBar()) / "efficientnet-lite0-57934424.pth")
    apart = {"distance": distances(generator, encoder, 5 * (most or 20)), "reader": check(reader, HELD_OUT_SEEDS, 300)}
    return {**apart, **report}
