"""Requests drawn from the API's own description, against the server: nothing breaks, and all is as described."""

from __future__ import annotations

from contextlib import suppress

import pytest
import schemathesis
from gpt4video.agent.interfaces.http.security import Tokens
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from .conftest import Agents
from .http_server import Serve, ask, serve

__all__ = ["serve"]
pytestmark = pytest.mark.server
EXAMPLES = 6
"""Requests of either kind for each route."""


TOKEN = "the-token-of-mara-1"
LOOSE = {
    "POST /api/v1/search", "POST /v1/chat/completions", "GET /api/v1/projects/{name}",
    "POST /api/v1/projects/{name}/edits", "GET /api/v1/projects/{name}/diff", "POST /api/v1/projects/{name}/render",
    "GET /api/v1/projects/{name}/export",
}  # fmt: skip
"""Routes whose requests may fit the description and yet ask for nothing, or for what is not there."""


def check(operation: APIOperation, mode: GenerationMode) -> None:
    """Send a route what fits its description, or what does not, and compare what comes with the description."""
    # That every route wants a token is tested with the tokens.
    left_out = [ignored_auth, *([positive_data_acceptance] if operation.label in LOOSE else [])]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def sent(case: Case) -> None:
        case.call_and_validate(headers={"authorization": f"Bearer {TOKEN}"}, excluded_checks=left_out)

    # A route without parameters takes nothing that could fail to fit.
    with suppress(*([Unsatisfiable] if mode is GenerationMode.NEGATIVE else [])):
        sent()


def test_every_route_is_as_described(agents: Agents, serve: Serve, subtests: pytest.Subtests) -> None:
    served = serve(agents({"*": "say greet"}), tokens=Tokens({TOKEN: "local"}))
    served.client.headers["authorization"] = f"Bearer {TOKEN}"
    ask(served.client, "hello")
    served.client.post("/api/v1/projects", json={"name": "holiday"})
    schema = schemathesis.openapi.from_url(f"{served.address}/openapi.json")
    schema.config.generation.allow_extra_parameters = False  # what nobody asked for is not looked at, as everywhere
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        for mode in GenerationMode:
            with subtests.test(route=operation.label, mode=mode.value):
                check(operation, mode)
