"""The service holds to its own OpenAPI, whatever is sent: fuzzed from that description."""

import pytest

from tests.support.clips import make_clip
from tests.support.scoring_packages import write_scoring_package
from tests.support.servers import running

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis, which fuzzes from OpenAPI, is not installed"
)

pytestmark = pytest.mark.slow

N_EXAMPLES = 12


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = tmp_path_factory.mktemp("fuzzed")
    model = write_scoring_package(made / "package")
    with running(model, "--max-megabytes", "1", tmp=made / "tmp") as found:
        found.clip = make_clip(made / "clip.mp4")
        yield found


def checks():
    from schemathesis.specs.openapi import checks as openapi

    return [
        schemathesis.checks.not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_headers_conformance,
        openapi.response_schema_conformance,
        openapi.unsupported_method,
        openapi.negative_data_rejection,
    ]


def described(server):
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_sent_is_answered_as_described(server, seed):
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    cases = st.one_of([one.ok().as_strategy() for one in described(server).get_all_operations()])

    @seeded(seed)
    @settings(
        max_examples=N_EXAMPLES * 4, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases)
    def hold(case):
        case.call_and_validate(checks=checks())

    hold()
    assert server.send(server.clip).status == 200
    assert list(server.uploads.iterdir()) == []


def test_an_answer_that_is_not_described_would_be_noticed(server):
    from schemathesis.core.failures import FailureGroup

    description = described(server)
    description.raw_schema["components"]["schemas"]["Health"]["properties"]["workers"]["type"] = "string"
    case = description["/healthz"]["GET"].Case()
    with pytest.raises(FailureGroup) as caught:
        case.call_and_validate(checks=checks())
    assert 'is not of type "string"' in str(caught.value.exceptions[0])
