"""Schemathesis over our own OpenAPI: whatever is sent, no answer is a failure of ours, and each is as described.

A few examples an operation stand in the suite; `make soak` tries ten thousand.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from studio.conftest import BEARER, TOKEN, cheap_brush

from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.settings import ServeSettings

HEADERS = {**BEARER, "Host": "127.0.0.1:7861"}
ENDLESS = {"/api/v1/events"}
"""Streams that do not end by themselves; tests of their own listen to them."""
MEANT = {501, 503, 507}
"""What we answer on purpose: not served here, not now, the disk is full."""
CHECKS: tuple[Any, ...] = (status_code_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("schema")
    patch = pytest.MonkeyPatch()
    patch.setenv("UNDERPAINT_HOME", str(folder / "home"))
    with Desk(ServeSettings(token=TOKEN, library=folder / "library", max_queue=50, max_pixels=512 * 512),
              cheap_brush) as desk:
        yield desk
    patch.undo()


@pytest.fixture(scope="module")
def described(server: Desk) -> Any:
    app = create_app(server, server.settings)
    said = app.openapi()
    for path in ENDLESS:
        del said["paths"][path]
    schema = schemathesis.openapi.from_dict(said)
    schema.app = app
    return schema


def attack(schema: Any, desk: Desk, examples: int) -> tuple[int, list[str]]:
    """Send every operation fitting and unfitting requests; how many were sent, and what came back that must not."""
    sent, wrong = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(max_examples=examples, deadline=None, derandomize=examples < 10, database=None,
                      phases=[Phase.generate], suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case: Any) -> None:
                nonlocal sent
                sent += 1
                response = case.call(headers=HEADERS)
                for job in desk.jobs.all(unfinished=True, limit=20):
                    desk.cancel(job.id)
                assert response.status_code < 500 or response.status_code in MEANT, case.as_curl_command()
                case.validate_response(response, checks=CHECKS)

            try:
                one()
            except Unsatisfiable:
                pass  # nothing of it can be unfitting
            except (Exception, BaseExceptionGroup) as error:
                told = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
                wrong.append(f"{operation.label} ({mode.value}): {told}"[:1500])
    return sent, wrong


def test_a_few_examples_of_every_operation(described: Any, server: Desk) -> None:
    sent, wrong = attack(described, server, 2)
    assert wrong == []
    assert sent > 200


@pytest.mark.soak
@pytest.mark.timeout(3 * 3600)
def test_ten_thousand_examples(described: Any, server: Desk) -> None:
    """Some hundred operations, each with as many fitting and unfitting requests as it takes."""
    sent, wrong = attack(described, server, int(os.environ.get("UNDERPAINT_EXAMPLES", "70")))
    assert "\n\n".join(wrong) == ""
    assert sent >= 10_000 or "UNDERPAINT_EXAMPLES" in os.environ
