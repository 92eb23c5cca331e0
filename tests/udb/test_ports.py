"""Ports stay ours, and whoever has the one we want is named."""

import os
import socket
from contextlib import closing

import pytest

from udb import ports
from udb.errors import ToolError


def _listener(*, reuse: bool = False, port: int = 0) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    server.bind((ports.HOST, port))
    server.listen()
    return server


def test_a_free_port_is_preferred_and_a_taken_one_is_passed_over() -> None:
    with closing(_listener()) as taken:
        number = taken.getsockname()[1]
        with closing(ports.prefer(number)) as other:
            assert other.number != number
    with closing(ports.prefer(number)) as same:
        assert same.number == number


def test_a_taken_port_is_refused_with_its_owner_and_a_way_out() -> None:
    with closing(_listener()) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(ToolError, match=rf"Port {number} is taken by pid {os.getpid()} .*HTTP_PORT=9090 make run"):
            ports.claim(number, setting="HTTP_PORT")


def test_a_server_can_listen_on_a_held_port_and_come_back() -> None:
    with closing(ports.prefer(0)) as held:
        for _ in range(2):
            with closing(_listener(reuse=True, port=held.number)), socket.create_connection((ports.HOST, held.number)):
                pass


def test_two_holders_get_different_ports() -> None:
    held = [ports.prefer(0) for _ in range(50)]
    assert len({port.number for port in held}) == len(held)
    for port in held:
        port.close()


def test_a_held_port_is_given_to_no_outgoing_connection() -> None:
    with (
        closing(ports.prefer(0)) as held,
        closing(socket.socket()) as client,
        pytest.raises(OSError, match="in use"),
    ):
        client.bind((ports.HOST, held.number))
