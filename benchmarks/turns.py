"""What the machine itself costs a turn: the agent beside a bare LangGraph loop of as many nodes, in one run.

    python benchmarks/turns.py [--turns 60] [--sessions 50] [--each 20] [--soak 0]

The planner is scripted, the tool does nothing, the policies allow everything; both graphs keep their state in SQLite
with sync durability. Nine nodes run in a turn of either. Also: time to the first event, turns a second and their 99th
percentile with many sessions at once, and memory after the turns. ``--soak N`` holds N turns with faults injected at
random (the planner's server is down, the tool raises or fails typed, a policy blocks) and counts what came of them:
every turn must end, every answer must belong to its request, every turn must be kept.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypedDict

from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.components import Components
from gpt4video.agent.errors import PlannerFailed
from gpt4video.agent.planner.base import PlanContext
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.settings import Settings
from gpt4video.policies.base import Subject, Verdict
from gpt4video.policies.chain import STAGES, PolicyChain
from gpt4video.tools.errors import BadArguments
from gpt4video.tools.search import SearchMemory, SearchResult
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

NODES = 9


class Lenient:
    """A policy that allows everything but what a soak wants blocked."""

    name, stages = "lenient", frozenset(STAGES)

    def judge(self, subject: Subject) -> Verdict:
        """Allow, or block what says so."""
        action = "block" if "block me" in subject.text else "allow"
        return Verdict(stage=subject.stage, policy=self.name, action=action, reason="asked for", score=0.0)


class Nothing(SearchMemory):
    """A search that finds nothing, at no cost; fails where its query says so."""

    def run(self, arguments: Any, _: Any) -> SearchResult:
        """Find nothing."""
        if "typed fault" in arguments.query:
            raise BadArguments("The query is bad.", "Ask for something else.")
        if "plain fault" in arguments.query:
            raise RuntimeError("a defect")
        return SearchResult(hits=[])


def script() -> Callable[[PlanContext], str]:
    """A search for the request itself; where it says so, the planner cannot be reached when first asked."""
    lost: set[str] = set()

    def plan(context: PlanContext) -> str:
        if "planner fault" in context.request and context.request not in lost:
            lost.add(context.request)
            raise PlannerFailed("The planner's server is down.", "Ask again.")
        return f"find: {context.request}"

    return plan


def make_agent(home: Path) -> VideoAgent:
    """An agent of which nothing costs anything but the machine."""
    planner, policies = ScriptedPlanner(script()), PolicyChain([Lenient()])  # type: ignore[list-item]
    components = Components(Settings(home=home, viewer="off", provenance=False), planner=planner, policies=policies)
    components.tools["search_memory"] = Nothing(components.tools["search_memory"]._searcher)  # type: ignore[attr-defined]
    return VideoAgent(components=components)


class Bare(TypedDict):
    """The bare graph's state, of about the size of a turn's."""

    request: str
    rows: list[dict[str, str]]


def bare_graph(path: Path) -> Any:
    """Nine nodes in a row, each of which changes the state."""
    graph = StateGraph(Bare)
    names = [f"node{index}" for index in range(NODES)]
    for name in names:
        graph.add_node(name, lambda state: {"rows": [*state["rows"][-NODES:], {"request": state["request"]}]})
    for one, other in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(one, other)
    saver = SqliteSaver(sqlite3.connect(path, check_same_thread=False))
    saver.setup()
    return graph.compile(checkpointer=saver)


def overhead(folder: Path, turns: int) -> None:
    """Both graphs by turns, so that what else the machine does falls on both."""
    agent, bare = make_agent(folder / "one"), bare_graph(folder / "bare.sqlite")
    ours, theirs, streamed, first = [], [], [], []
    for index in range(turns + 5):
        begin = time.perf_counter()
        events = agent.stream(f"turn {index}", thread=f"t{index % 4}")
        next(events)
        first.append(time.perf_counter() - begin)
        for _ in events:
            pass
        ours.append(time.perf_counter() - begin)
        config: Any = {"configurable": {"thread_id": f"t{index % 4}"}}
        given: Any = {"request": f"turn {index}", "rows": []}
        begin = time.perf_counter()
        bare.invoke(given, config, durability="sync")
        theirs.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        for _ in bare.stream(given, config, stream_mode="custom", durability="sync"):
            pass
        streamed.append(time.perf_counter() - begin)
    agent.close()
    ours, theirs, streamed, first = (sorted(part[5:]) for part in (ours, theirs, streamed, first))
    middle = statistics.median(ours)
    print(f"a turn of the agent        {1000 * middle:6.1f} ms (99 %: {1000 * ours[int(len(ours) * 0.99)]:.1f})")
    for what, part in (("streamed", streamed), ("not streamed", theirs)):
        peer = statistics.median(part)
        print(f"a bare loop of {NODES} nodes, {what:<12} {1000 * peer:6.1f} ms: {middle / peer:.2f} times")
    print(f"to the first event         {1000 * statistics.median(first):6.1f} ms")


def sessions(folder: Path, many: int, each: int) -> None:
    """Many conversations at once; none may lose or cross a message."""
    agent = make_agent(folder / "many")
    agent.ask("warm")
    spent: list[float] = []

    def talk(name: str) -> int:
        wrong = 0
        for index in range(each):
            begin = time.perf_counter()
            answer = agent.ask(f"{name} {index}", thread=name)
            spent.append(time.perf_counter() - begin)
            wrong += answer.plan[0]["args"]["query"] != f"{name} {index}"
        return wrong

    before = _peak()
    begin = time.perf_counter()
    with ThreadPoolExecutor(many) as pool:
        wrong = sum(pool.map(talk, [f"session {index}" for index in range(many)]))
    seconds = time.perf_counter() - begin
    kept = sum(one.turns for one in agent.conversations() if one.name.startswith("session"))
    after = _peak()
    agent.close()
    late = sorted(spent)[int(len(spent) * 0.99)]
    print(f"{many} sessions at once: {many * each / seconds:.1f} turns a second, 99 %: {late:.2f} s; crossed {wrong}, "
          f"kept {kept} of {many * each}; memory {before:.0f} to {after:.0f} MB")  # fmt: skip


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def soak(folder: Path, turns: int) -> None:
    """Turns with faults at random; prints what came of them."""
    agent, rng = make_agent(folder / "soak"), random.Random(7)
    faults = ["planner fault", "typed fault", "plain fault", "block me"]
    outcomes: Counter[str] = Counter()
    wrong = 0
    for index in range(turns):
        fault = rng.choice(faults) if rng.random() < 0.3 else ""
        request = f"turn {index} {fault}".strip()
        try:
            answer = agent.ask(request, thread=f"t{index % 20}")
        except PlannerFailed:  # the turn is taken up where it stopped
            answer = agent.ask(request, thread=f"t{index % 20}")
        outcomes[f"{fault or 'no fault'}: {answer.status}"] += 1
        wrong += bool(answer.plan) and not answer.plan[0]["args"]["query"].startswith(f"turn {index}")
        if (index + 1) % max(1000, turns // 10) == 0:
            print(f"  after {index + 1} turns: peak memory {_peak():.1f} MB", flush=True)
    kept = sum(one.turns for one in agent.conversations())
    agent.close()
    print(f"soak: {turns} turns, kept {kept}, answers of another turn {wrong}")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome:32} {count}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--each", type=int, default=20, help="turns of each session")
    parser.add_argument("--soak", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        overhead(Path(name), options.turns)
        sessions(Path(name), options.sessions, options.each)
        if options.soak:
            soak(Path(name), options.soak)


if __name__ == "__main__":
    main()
