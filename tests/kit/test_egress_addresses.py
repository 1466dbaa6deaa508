"""Which addresses outgoing HTTP refuses."""

import ipaddress

import pytest

from athena.kit.egress import Egress, EgressRefused
from athena.kit.egress.addresses import AllowList, is_public, parse_url

REFUSED = [
    # loopback
    "http://127.0.0.1/",
    "http://127.0.0.2:8080/",
    "http://127.255.255.254/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    # this network, unspecified
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://[::]/",
    # other ways to write an address
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://2130706433/",
    "http://3232235777/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://0000127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.0x1/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://99999999999/",
    "http://127。0。0。1/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "http://①②⑦.⓪.⓪.①/",
    # private
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.254/",
    "http://192.168.0.1/",
    "http://192.168.255.255/",
    "http://100.64.0.1/",
    "http://100.127.255.255/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fec0::1]/",
    # link-local and clouds' metadata
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://169.254.0.1/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    # reserved, documentation, benchmarks, multicast, broadcast
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.255/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://[ff0e::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
    # IPv6 addresses with an IPv4 address inside
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2001::1]/",
    "http://[2606:4700::5efe:7f00:1]/",
    # users, schemes, parser tricks
    "http://user@127.0.0.1/",
    "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/",
    "http://@example.com/",
    "http://example.com:80@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com\\.internal/",
    "http://exa mple.com/",
    "http://example.com/\r\nHost: internal/",
    "http://example.com\t.internal/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://",
    "http:///path",
    "//example.com/",
    "example.com",
    "",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://127.0.0.1:6379/_INFO",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,hello",
    "http://[::1",
    "http://[127.0.0.1]/",
    "http://127.0.0.1%2f.example.com/",
    "http://127.0.0.1%00.example.com/",
]


@pytest.mark.parametrize("url", REFUSED)
async def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    client = Egress()
    try:
        with pytest.raises(EgressRefused):
            await client.request("GET", url, timeout=5, max_bytes=100)
    finally:
        await client.close()


def test_enough_addresses_are_tried() -> None:
    assert len(set(REFUSED)) == len(REFUSED) >= 70


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"])
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "http://8.8.8.8:8080/x?y=%20z", "https://bücher.example/"]
)
def test_an_ordinary_url_is_read(url: str) -> None:
    assert parse_url(url).host


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "permitted"),
    [
        ("10.0.0.0/8", "10.1.2.3", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "11.1.2.3", "192.168.0.1", 80, False),
        ("192.168.1.5", "192.168.1.5", "192.168.1.5", 9, True),
        ("192.168.1.5:9000", "192.168.1.5", "192.168.1.5", 9000, True),
        ("192.168.1.5:9000", "192.168.1.5", "192.168.1.5", 9001, False),
        ("ollama", "ollama", "172.18.0.3", 11434, True),
        ("Ollama:11434", "ollama.", "172.18.0.3", 11434, True),
        ("ollama:11434", "ollama", "172.18.0.3", 22, False),
        ("ollama", "other", "172.18.0.3", 11434, False),
        ("::1", "::1", "::1", 80, True),
        ("[::1]:80", "::1", "::1", 81, False),
        ("fd00::/8", "x", "fd00::1", 80, True),
        ("127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1", 80, False),
    ],
)
def test_an_administrator_can_allow_private_hosts(
    entry: str, host: str, address: str, port: int, permitted: bool
) -> None:
    assert AllowList([entry]).permits(host, ipaddress.ip_address(address), port) is permitted


@pytest.mark.parametrize("entry", ["", "10.0.0.0/99", ":80", "host:port"])
def test_an_allow_list_that_cannot_be_read_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        AllowList([entry])
