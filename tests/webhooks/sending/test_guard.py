"""What webhooks may not reach: by address, by name, by tricks with either."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.outbound.guard import UrlForbidden, check_url, may_dial
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import Outcome, SendingSettings
from tests.webhooks.sending.receivers import LOOPBACK, Names, Receiver, event, naming, receiving, run, target

PUBLIC = SendingSettings()
PLAIN = SendingSettings(allow_http=True)

#: First and last address of every range, and what clouds answer at.
FORBIDDEN = """
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255 168.63.129.16
169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.192 192.0.0.255
192.0.2.0 192.0.2.255 192.88.99.0 192.88.99.255 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0
198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255
100.100.100.200
:: ::1 ::2 ::7f00:1 ::808:808 ::ffff:0:0 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8
ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b::a83f:8110
64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: 100::ffff:ffff:ffff:ffff 2001:: 2001:0:7f00:1:: 2001:1ff:ffff::
2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:ffff:ffff:: 3fff:: 3fff:fff:ffff:: 5f00::
5f00:ffff:: fc00:: fd00:ec2::254 fdff:ffff:: fe80:: fe80::1 febf:ffff:: fec0:: feff:ffff:: ff00:: ff02::1 ffff::
""".split()  # noqa: SIM905 - a table reads better than a list

ALLOWED = """
1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0
198.17.255.255 198.20.0.0 223.255.255.255 64:ff9b::808:808 2001:200:: 2003:: 2400:: 2606:4700::1111 2a00:1450::1
3ffe:ffff:: fb00:: 5eff:: 5f01::
""".split()  # noqa: SIM905 - a table reads better than a list


@pytest.mark.parametrize("address", FORBIDDEN)
def test_addresses_that_are_not_public_are_forbidden(address: str) -> None:
    assert not may_dial(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_public_addresses_may_be_dialled(address: str) -> None:
    assert may_dial(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "fe80::1%eth0", "2606::1%1"])
def test_what_is_no_plain_address_is_forbidden(text: str) -> None:
    assert not may_dial(text)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_way_of_writing_a_private_v4_address_in_v6_gets_around(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        number = int(address)
        for wrapped in (number, 0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
            assert not may_dial(str(IPv6Address(wrapped))) or may_dial(str(address))


@settings(deadline=None)
@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_what_python_calls_local_is_forbidden(address: IPv6Address) -> None:
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_site_local:
        assert not may_dial(str(address))


def test_an_installation_may_allow_networks() -> None:
    networks = (ip_network("10.1.0.0/16"), ip_network("fd12::/16"))
    assert may_dial("10.1.2.3", networks)
    assert may_dial("fd12::1", networks)
    assert may_dial("64:ff9b::a01:203", networks)
    assert not may_dial("10.2.0.1", networks)
    assert not may_dial("::ffff:10.1.2.3", networks)
    assert not may_dial("127.0.0.1", networks)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "example.com",
        "https:///hooks",
        "https://",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com\\.evil.com/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: inside",
        "https://example.com/\x00",
        "https://example.com/#there",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://example.com:443:443/",
        "https://example%2ecom/",
        "https://127.0.0.1%2f.example.com/",
        "https://-example.com/",
        "https://exam_ple..com/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 2048,
        "https://[::1/",
        "https://::1/",
        "https://[example.com]/",
        "https://xn--\u2603.com:bad/",
        "https://\u2488.com./",
    ],
)
def test_malformed_and_tricky_urls_are_refused(url: str) -> None:
    with pytest.raises(UrlForbidden):
        check_url(url, PUBLIC)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.0.0.1.",
        "127.0.0.01",
        "0",
        "10.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[fd00:ec2::254]",
        "[2002:7f00:1::]",
        "[v1.fe80::a]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "metadata",
        "metadata.google.internal",
        "printer.local",
        "router.home.arpa",
        # Full-width digits, circled digits, ideographic full stops: all are 127.0.0.1 after IDNA's mapping.
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
        "\u2460\u2461\u2466.0.0.1",
        "127\u30020\u30020\u30021",
        "127\uff0e0\uff0e0\uff0e1",
        "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    ],
)
def test_hosts_inside_are_told_when_the_url_is_saved(host: str) -> None:
    with pytest.raises(UrlForbidden) as raised:
        check_url(f"https://{host}/hooks", PUBLIC)
    assert host.strip("[]").lower() not in str(raised.value).lower() or host == "0"


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hooks?A=b", "https://example.com/Hooks?A=b"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com./hooks", "https://example.com/hooks"),
        ("https://b\u00fccher.example/gr\u00fc\u00dfe", "https://xn--bcher-kva.example/gr%C3%BC%C3%9Fe"),
        ("https://my_app.example.com/a%2Fb", "https://my_app.example.com/a%2Fb"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
    ],
)
def test_good_urls_come_back_as_they_are_requested(url: str, requested: str) -> None:
    assert check_url(url, PUBLIC) == requested
    assert check_url(requested, PUBLIC) == requested


def test_http_is_for_installations_that_allow_it() -> None:
    assert check_url("http://example.com/", PLAIN) == "http://example.com/"
    with pytest.raises(UrlForbidden, match="https"):
        check_url("http://example.com/", PUBLIC)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/hooks"):
        try:
            checked = check_url(url, PUBLIC)
        except UrlForbidden:
            continue
        assert check_url(checked, PUBLIC) == checked


# --- when a connection is made


def sent(
    settings: SendingSettings, host: str, names: dict[str, list[list[str]]], *, times: int = 1
) -> tuple[list[Outcome], Receiver, Names]:
    """Send to `host` at a receiver on loopback, with a name server that knows `names`."""

    async def work() -> tuple[list[Outcome], Receiver, Names]:
        async with receiving() as receiver, naming(names) as server:
            own = replace(settings, nameservers=("127.0.0.1",), dns_port=server.port)
            async with Sender(own) as sender:
                endpoint = target(receiver.url(host=host))
                return [await sender.send(endpoint, event()) for _ in range(times)], receiver, server

    return run(work())


def assert_refused(outcome: Outcome) -> None:
    assert (outcome.status, outcome.error, outcome.address) == (None, "FORBIDDEN_ADDRESS", "")
    assert not any(character.isdigit() for character in outcome.detail)


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fd00:ec2::254"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "::1"],
        ["2606:4700::1111", "10.0.0.1"],
    ],
)
def test_one_forbidden_address_refuses_the_whole_answer(answer: list[str]) -> None:
    [outcome], receiver, names = sent(PLAIN, "hooks.example", {"hooks.example": [answer]})
    assert_refused(outcome)
    assert receiver.connections == 0
    assert names.asked


def test_a_name_that_changes_its_mind_is_dialled_where_it_was_judged() -> None:
    # The first look-up is harmless, every later one leads inside: whoever looks up twice dials what nobody judged.
    settings = replace(LOOPBACK, allowed_networks=(ip_network("127.0.0.1/32"),), dns_seconds=0.0)
    rounds = [["127.0.0.1"], ["127.0.0.2"]]
    [outcome], _, names = sent(settings, "rebinding.example", {"rebinding.example": rounds})
    assert (outcome.status, outcome.address) == (200, "127.0.0.1")
    assert names.asked.count("rebinding.example/1") == 1
    assert outcome.dns_ms is not None


def test_a_name_is_judged_again_at_each_look_up() -> None:
    async def work() -> list[Outcome]:
        rounds = [["127.0.0.1"], ["127.0.0.2"]]
        async with receiving() as receiver, naming({"rebinding.example": rounds}) as server:
            settings = SendingSettings(
                allow_http=True,
                allowed_networks=(ip_network("127.0.0.1/32"),),
                dns_seconds=0.0,
                idle_seconds=0.0,
                nameservers=("127.0.0.1",),
                dns_port=server.port,
            )
            async with Sender(settings) as sender:
                endpoint = target(receiver.url(host="rebinding.example"))
                return [await sender.send(endpoint, event()) for _ in range(2)]

    first, second = run(work())
    assert first.status == 200
    assert_refused(second)


def test_literal_hosts_are_judged_when_they_are_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    # Even if the judgement of the URL were wrong.
    monkeypatch.setattr("server.core.outbound.guard.check_url", lambda url, settings: url)
    [outcome], receiver, _ = sent(PLAIN, "127.0.0.1", {})
    assert_refused(outcome)
    assert receiver.connections == 0


def test_a_stored_url_is_judged_by_the_settings_of_today() -> None:
    [outcome], receiver, _ = sent(SendingSettings(allowed_networks=LOOPBACK.allowed_networks), "127.0.0.1", {})
    assert outcome.error == "FORBIDDEN_ADDRESS"
    assert outcome.detail == "Use an https URL."
    assert receiver.connections == 0
