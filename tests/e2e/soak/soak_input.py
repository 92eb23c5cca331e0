"""Bad input by the ten thousands, other one each time. SOAK_EXAMPLES says how much for each operation."""

import os

import pytest

from tests.e2e.support import fuzz
from tests.e2e.support.people import Person
from udb.installation import Installation

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "500"))
API = fuzz.api(examples=EXAMPLES, always_the_same=False)

pytestmark = pytest.mark.timeout(0)


@API.parametrize()
def test_no_request_breaks_the_api(case: fuzz.Case, installation: Installation, caller: Person) -> None:
    fuzz.send(case, installation, caller)


@API.include(path_regex=r"\{").parametrize()
def test_no_request_breaks_what_there_is(case: fuzz.Case, installation: Installation, world: fuzz.World) -> None:
    case.path_parameters.update(world.ids(case.path_parameters))
    fuzz.send(case, installation, world.caller)
