"""Bad input by the ten thousands, other one each time. SOAK_EXAMPLES says how much for each operation."""

import os

import pytest

from tests.e2e.support import fuzz
from tests.e2e.support.people import Person
from udb.installation import Installation

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "500"))
API = fuzz.api(examples=EXAMPLES, always_the_same=False)

pytestmark = pytest.mark.timeout(0)


@pytest.fixture
def caller(request: pytest.FixtureRequest, world: fuzz.World) -> Person:
    """Who makes the requests of an operation."""
    return world.caller(request.node.name)


@API.parametrize()
@fuzz.ONE_CALLER
def test_no_request_breaks_the_api(
    case: fuzz.Case, installation: Installation, caller: Person, world: fuzz.World
) -> None:
    fuzz.send(case, installation, caller, world)
