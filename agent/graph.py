"""The state machine.

::

    START -> guard_input -> recall -> plan -> guard_plan -> route
                                                             |-> understand --|
                                                             |-> search ------|
                                                             |-> edit --------|--> observe -> route (next step)
                                                             |-> generate ----|                |-> plan  (replan)
                                                             |-> project -----|
                                                             |-> custom ------|
                                                                                               |-> respond
    respond -> guard_output -> END          any guard: block -> refuse -> END
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph.graph import END, START, StateGraph

from .nodes import Nodes
from .routing import CUSTOM, after_input, after_output, after_plan, route
from .state import AgentState, TurnInput

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.store.base import BaseStore
    from langgraph.types import Checkpointer

    from .components import Components

TOOL_NODES = ("understand", "search", "edit", "generate", "project", CUSTOM)
RECURSION_LIMIT = 80
"""Enough for three plans of twelve steps each, one after another; a turn that needs more is a defect."""


def build_graph(
    components: Components,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
) -> CompiledStateGraph[AgentState, None, TurnInput, AgentState]:
    """Compile the machine over the given components; without a checkpointer a turn cannot wait for approval.

    Args:
        components: the parts.
        checkpointer: any of LangGraph's; True: a subgraph that keeps its conversation with its parent's; None: a
            subgraph that forgets it when the turn ends, or no conversation at all.
        store: any of LangGraph's, handed on to the nodes.
    """
    nodes = Nodes(components)
    graph = StateGraph(AgentState, input_schema=TurnInput)
    graph.add_node("guard_input", nodes.guard_input)
    graph.add_node("recall", nodes.recall)
    graph.add_node("plan", nodes.plan)
    graph.add_node("guard_plan", nodes.guard_plan)
    for name in TOOL_NODES:
        graph.add_node(name, nodes.run_step)
    graph.add_node("observe", nodes.observe)
    graph.add_node("respond", nodes.respond)
    graph.add_node("guard_output", nodes.guard_output)
    graph.add_node("refuse", nodes.refuse)

    graph.add_edge(START, "guard_input")
    graph.add_conditional_edges("guard_input", after_input, ["recall", "refuse"])
    graph.add_edge("recall", "plan")
    graph.add_conditional_edges("plan", after_plan, ["plan", "guard_plan", "respond"])
    graph.add_conditional_edges("guard_plan", route, [*TOOL_NODES, "refuse", "respond", "plan"])
    for name in TOOL_NODES:
        graph.add_edge(name, "observe")
    graph.add_conditional_edges("observe", route, [*TOOL_NODES, "plan", "respond", "refuse"])
    graph.add_edge("respond", "guard_output")
    graph.add_conditional_edges("guard_output", after_output, ["refuse", END])
    graph.add_edge("refuse", END)
    return graph.compile(checkpointer=checkpointer, store=store, name="gpt4video")
