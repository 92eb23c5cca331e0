"""The contract serves another language: a client in Node, built from the same protos, does the tour through Envoy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from google.api import annotations_pb2

from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.people import People
from udb.conf import ROOT
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")

CLIENT = Path(__file__).parent / "node" / "client.js"
NODE = Path(sys.executable).with_name("node")
PROTOS = (ROOT / "protos", Path(annotations_pb2.__file__).parents[2])
UNAUTHENTICATED = 16


def test_a_node_client_registers_verifies_signs_in_creates_and_lists(
    installation: Installation, mailbox: Mailbox, people: People
) -> None:
    email = people.address("node")
    command = [str(NODE), str(CLIENT), installation.grpc_target, email, *map(str, PROTOS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "mail\n"
        output, _ = client.communicate(mailbox.token(email, "verification") + "\n", timeout=60)
    assert client.returncode == 0
    seen = json.loads(output)
    assert (seen["user"]["email"], seen["user"]["emailVerified"]) == (email, True)
    assert seen["created"]["name"] == "Acme Engines"
    assert seen["created"]["ownerId"] == seen["user"]["id"]
    assert seen["listed"] == [seen["created"]]
    assert seen["withoutToken"]["code"] == UNAUTHENTICATED
    assert seen["withoutToken"]["details"].startswith("Sign in")
    assert seen["withoutToken"]["hasDetails"]
