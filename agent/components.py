"""The parts a turn uses, each made when it is first needed and shared from then on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .frames import frames_of_file, frames_of_source
from .model.artifacts import ArtifactStore, Progress
from .once import once, shared
from .settings import Settings
from .state import EstimateRow, StepRow, VerdictRow
from .stopping import Stops

if TYPE_CHECKING:
    from langgraph.checkpoint.postgres import PostgresSaver
    from langgraph.checkpoint.sqlite import SqliteSaver

    from ..memory.embedder import MiniLmEmbedder
    from ..memory.library import Library
    from ..memory.projection import Projection
    from ..memory.search import ClipMemory
    from ..policies.chain import PolicyChain
    from ..policies.config import PolicyConfig
    from ..tools.base import Tool
    from ..tools.generation.base import Generator
    from ..tools.media.shared import SharedFrames
    from ..tools.provenance.provenance import Provenance
    from ..tools.understanding.ocr import TextReader
    from ..tools.understanding.speech import Transcriber
    from ..tools.understanding.vision import VisionEncoder
    from .estimates import Estimates
    from .ingest import Intake
    from .jobs import Jobs
    from .planner.base import Planner
    from .seeing import Viewer


class Components:
    """Wires the four packages together. Every part can be replaced by passing it in (tests, embedders)."""

    recall_limit = 8
    """How many of the newest library clips a new conversation begins with when the turn brings none."""

    def __init__(
        self,
        settings: Settings,
        *,
        planner: Planner | None = None,
        generator: Generator | None = None,
        policies: PolicyChain | None = None,
        tools: Sequence[Tool[Any, Any]] = (),
        pulling: Progress | None = None,
    ) -> None:
        self.settings = settings
        self.root: Components = self
        self.making = threading.RLock()
        self.stops = Stops()
        self.passing: dict[Path, SharedFrames] = {}
        self._pulling, self._own_tools = pulling, tools
        self.own_backends = generator is not None or policies is not None
        given = {"planner": planner, "generator": generator, "policies": policies}
        self.__dict__.update({name: part for name, part in given.items() if part is not None})

    def of_user(self, user: str) -> Components:
        """The same home as another user sees it: models, databases and policies are shared, nothing else."""
        view = Components(self.settings.model_copy(update={"user": user}), pulling=self._pulling)
        view.root, view.own_backends, view.passing = self.root, self.own_backends, self.passing
        return view

    @shared
    def artifacts(self) -> ArtifactStore:
        """The cache of pinned model files."""
        return ArtifactStore(self.settings.models)

    def models(self, name: str) -> Path:
        """Folder of a pinned artifact, pulled when it is not there."""
        return self.artifacts.folder(name, self._pulling)

    @shared
    def library(self) -> Library:
        """Clips, their lineage and the job ledger."""
        from ..memory.library import Library

        settings = self.settings
        return Library(
            settings.home / "library",
            database=settings.database,
            files=settings.files,
            cache_bytes=settings.cache_bytes,
        )

    @shared
    def embedder(self) -> MiniLmEmbedder:
        """Text embeddings."""
        from ..memory.embedder import MiniLmEmbedder

        return MiniLmEmbedder(self.models("text"))

    @shared
    def memory(self) -> ClipMemory:
        """The vector memory over shots."""
        from ..memory.search import ClipMemory

        return ClipMemory(self.settings.vectors or self.settings.home / "memory", self.embedder, self.projection)

    @shared
    def projection(self) -> Projection:
        """Pictures and texts in one space."""
        from ..memory.projection import Projection

        return Projection()

    @shared
    def encoder(self) -> VisionEncoder:
        """The vision encoder."""
        from ..tools.understanding.vision import VisionEncoder

        return VisionEncoder(self.models("vision") / "efficientnet-lite0-57934424.pth")

    @shared
    def reader(self) -> TextReader:
        """On-screen text."""
        from ..tools.understanding.ocr import TextReader

        folder = self.models("ocr")
        return TextReader(folder / "ch_PP-OCRv4_det_infer.onnx", folder / "ch_PP-OCRv4_rec_infer.onnx")

    @shared
    def transcriber(self) -> Transcriber | None:
        """Who hears what is said: the pinned model unless the settings say otherwise; None without the extra."""
        from ..tools.understanding.whisper import WhisperTranscriber

        if self.settings.speech == "off" or find_spec("faster_whisper") is None:
            return None
        return WhisperTranscriber(self.settings.speech or self.models("speech"))

    @shared
    def planner(self) -> Planner:
        """The planner that the settings name."""
        from .backends import choose_planner

        return choose_planner(self)

    @shared
    def viewer(self) -> Viewer | None:
        """Who looks at frames, as the settings say."""
        from .seeing import choose_viewer

        return choose_viewer(self)

    @shared
    def generator(self) -> Generator:
        """The generator that the settings name."""
        from .backends import choose_generator

        return choose_generator(self)

    @once
    def estimates(self) -> Estimates:
        """What steps will take."""
        from .estimates import Estimates

        return Estimates(self)

    @once
    def jobs(self) -> Jobs:
        """Steps that run beside the conversation."""
        from .jobs import Jobs

        return Jobs(self)

    @once
    def intake(self) -> Intake:
        """Taking files and results in."""
        from .ingest import Intake

        return Intake(self)

    @once
    def tools(self) -> dict[str, Tool[Any, Any]]:
        """The tools by name: four on clips, three on projects, and custom ones."""
        from ..tools.editing.tool import EditVideo
        from ..tools.generation.tool import GenerateVideo
        from ..tools.search import SearchMemory
        from ..tools.understanding.tool import UnderstandVideo
        from .project_tool import EditProject, RegenerateSpan, RenderProject
        from .searching import MemorySearcher
        from .seeing import answered

        searcher = MemorySearcher(self)
        tools: list[Tool[Any, Any]] = [
            UnderstandVideo(self.intake.analysis, lambda source, question: answered(self, source, question)),
            SearchMemory(searcher),
            EditVideo(luts=self.luts),
            GenerateVideo(lambda: self.generator, frames_of_source),
            EditProject(self),
            RenderProject(self),
            RegenerateSpan(self),
            *self.custom_tools,
        ]
        return {tool.name: tool for tool in tools}

    @shared
    def custom_tools(self) -> list[Tool[Any, Any]]:
        """Tools of the user's own: those that were passed, then those that the settings name."""
        from .custom_tools import checked, loaded

        return checked([*self._own_tools, *loaded(self.settings.tools)])

    @property
    def luts(self) -> Path:
        """The folder whose colour tables edits may name."""
        return self.settings.home / "luts"

    @shared
    def provenance(self) -> Provenance | None:
        """Signs what is made; None when the settings switch it off."""
        from ..tools.provenance.provenance import Provenance

        if not self.settings.provenance:
            return None
        certificate, key = self.settings.certificate, self.settings.certificate_key
        return Provenance(self.settings.home / "provenance", certificate=certificate, key=key)

    @shared
    def policy(self) -> PolicyConfig:
        """The policy file, validated."""
        from ..policies.config import load_policy

        policy = load_policy(self.settings.policy)
        if self.settings.policy is not None:
            return policy  # a file of the user's own has the last word on tools, custom ones too
        allowed = [*policy.actions.tools, *(tool.name for tool in self.custom_tools)]
        return policy.model_copy(update={"actions": policy.actions.model_copy(update={"tools": allowed})})

    @shared
    def policies(self) -> PolicyChain:
        """Every policy, in order, with the audit log."""
        from ..policies.chain import standard_chain

        # Pulling may take minutes and must not count against a policy's time limit, which blocks when exceeded.
        for name in ("text", "nsfw"):
            self.models(name)
        return standard_chain(
            self.policy,
            audit=self.settings.home / "audit.jsonl",
            text_model=lambda: self.models("text"),
            frame_model=lambda: self.models("nsfw") / "open-nsfw.onnx",
            frames=lambda path, every: frames_of_file(path, every, self.passing.get(path)),
        )

    def judge(
        self,
        stage: str,
        *,
        text: str = "",
        history: list[str] | None = None,
        steps: list[StepRow] | None = None,
        media: Path | None = None,
        generated: bool = False,
        duration: float = 0.0,
    ) -> list[VerdictRow]:
        """Judge something; the chain turns any fault of a policy into a block. ``duration`` is that of ``media``."""
        from ..policies.base import Subject

        subject = Subject.model_validate(
            {
                "stage": stage,
                "text": text,
                "history": history or [],
                "steps": [self._summary(row) for row in steps or []],
                "media": media,
                "generated": generated,
                "duration": duration,
            }
        )
        return [
            {
                "stage": verdict.stage,
                "policy": verdict.policy,
                "action": verdict.action,
                "reason": verdict.reason,
                "score": round(verdict.score, 4),
            }
            for verdict in self.policies.judge(subject)
        ]

    def approval_reason(self, row: StepRow, estimate: EstimateRow | None) -> str:
        """Why the step needs the user's word before it runs, with its estimate; empty when it does not.

        A step is slow or costs something if its estimate says so; its tool's own word counts where there is none.
        """
        from ..policies.actions import approval_reason
        from ..policies.base import StepSummary

        summary = self._summary(row)
        if estimate is not None:
            dear = estimate["price"] > self.settings.approve_price
            long = estimate["seconds"] > self.settings.approve_seconds
            summary["cost"] = "paid" if dear else "slow" if long else "free"
        reason = approval_reason(self.policy, StepSummary.model_validate(summary))
        return f"{reason}: {estimate['text']}" if reason and estimate is not None else reason

    def _summary(self, row: StepRow) -> dict[str, Any]:
        tool = self.tools[row["tool"]]
        return {
            "id": row["id"],
            "tool": tool.name,
            "cost": tool.cost,
            "effect": tool.effect,
            "arguments": row["args"],
        }

    def knows(self, clip: str, user: str) -> bool:
        """Whether the user has that clip in the library."""
        from ..memory.errors import LibraryError

        try:
            return bool(self.library.known(clip, user=user))
        except LibraryError:
            return False

    def prepare(self) -> None:
        """Load what looking at a file takes."""
        _ = (self.encoder, self.reader, self.policies, self.viewer)

    @shared
    def checkpoints(self) -> SqliteSaver | PostgresSaver:
        """Where conversations are kept from node to node."""
        from .sessions import open_checkpoints, storing

        with storing():
            return open_checkpoints(self.settings.home, self.settings.database)

    def close(self) -> None:
        """End what runs beside the conversation in this process, and release the databases."""
        jobs = self.__dict__.pop("jobs", None)
        if jobs is not None:
            jobs.close()
        if "memory" in self.__dict__:
            self.memory.close()
        library = self.__dict__.pop("library", None)
        if library is not None:
            library.close()
        checkpoints = self.__dict__.pop("checkpoints", None)
        if checkpoints is not None:
            checkpoints.conn.close()
