"""Which hosts and addresses outgoing requests may reach."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from yarl import URL

from athena.kit.egress.errors import EgressRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_BLOCKED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; holds a cloud's metadata address
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's metadata address, though its range is public
        "169.254.0.0/16",  # link-local; most clouds' metadata address
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; holds a cloud's metadata address
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_BLOCKED_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments; holds Teredo, which embeds IPv4 addresses
        "2001:db8::/32",
        "2002::/16",  # 6to4 embeds IPv4 addresses
        "3ffe::/16",
        "3fff::/20",
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_AUTHORITY_END = re.compile(r"[/?#]")
_NUMERIC_LABEL = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)\Z")


def parse_address(host: str) -> Address | None:
    """The address that ``host`` is written as (canonical forms only), or ``None`` for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def is_public(address: Address) -> bool:
    """Whether ``address`` is an ordinary one of the internet, outside every special range.

    Of IPv6 only global unicast space counts, without the ranges that carry an IPv4 address inside
    (mapped, compatible, NAT64, 6to4, Teredo, ISATAP), since those lead to whatever that address is.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _BLOCKED_V4)
    if address.scope_id is not None or address not in _GLOBAL_V6:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _BLOCKED_V6)


def parse_url(url: str | URL) -> URL:
    """``url`` as it will be requested.

    Raises:
        EgressRefused: it is not ``http`` or ``https``, has a user in it, no host, an odd numeric host, or characters
            that two parsers could read in two ways.
    """
    text = str(url)
    if _FORBIDDEN.search(text):
        raise EgressRefused("The URL holds a space, a control character or a backslash.")
    try:
        parsed = URL(text)
        port = parsed.port
    except ValueError:
        raise EgressRefused("The URL cannot be read.") from None
    if parsed.scheme not in {"http", "https"}:
        raise EgressRefused("Only http and https URLs can be requested.")
    # Looked for in the text, because the parser drops an empty user without a word.
    if "@" in _AUTHORITY_END.split(text.partition("://")[2], maxsplit=1)[0]:
        raise EgressRefused("The URL must not hold a user name or password; use a header instead.")
    host = parsed.raw_host
    if not host or not port:
        raise EgressRefused("The URL has no host, or the port 0.")
    if parse_address(host) is None:
        _check_name(host)
    return parsed


def _check_name(host: str) -> None:
    """A name whose last label is a number would be read by the system as an address in an old notation."""
    if "%" in host or ":" in host:
        raise EgressRefused("The host of the URL cannot be read.")
    if _NUMERIC_LABEL.match(host.rstrip(".").rpartition(".")[2]):
        raise EgressRefused(f"{host[:100]} is not a host name; write an IPv4 address as four decimal numbers.")


class AllowList:
    """The private hosts, addresses and networks that may be reached all the same.

    Args:
        entries: host names, addresses, ``host:port`` (``[v6]:port``) or networks (``10.1.0.0/16``).

    Raises:
        ValueError: an entry is none of these.
    """

    def __init__(self, entries: Sequence[str] = ()) -> None:
        self._networks: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int | None]] = []
        self._names: set[tuple[str, int | None]] = set()
        for entry in entries:
            self._add(entry.strip().lower())

    def _add(self, entry: str) -> None:
        if "/" in entry:
            self._networks.append((ipaddress.ip_network(entry), None))
            return
        host, port = _split_port(entry)
        address = parse_address(host)
        if address is not None:
            self._networks.append((ipaddress.ip_network(address), port))
        elif host:
            self._names.add((host.rstrip("."), port))
        else:
            raise ValueError(f"{entry!r} is not a host, an address, host:port or a network")

    def permits(self, host: str, address: Address, port: int) -> bool:
        """Whether a connection to ``address``, asked for as ``host`` (a name, or the address itself), may be made."""
        if is_public(address):
            return True
        name = host.lower().rstrip(".")
        if (name, None) in self._names or (name, port) in self._names:
            return True
        return any(
            address.version == network.version and address in network and only in {None, port}
            for network, only in self._networks
        )

    def lists(self, host: str, port: int) -> bool:
        """Whether somebody has put ``host`` itself on the list: a name, or a private address."""
        address = parse_address(host)
        if address is not None:
            return not is_public(address) and self.permits(host, address, port)
        name = host.lower().rstrip(".")
        return (name, None) in self._names or (name, port) in self._names


def _split_port(entry: str) -> tuple[str, int | None]:
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, int(rest[1:]) if rest.startswith(":") else None
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, int(port)
    return entry, None


def refused(host: str, address: Address) -> EgressRefused:
    """The error for a private address, which says how an administrator can allow it."""
    where = host if host == str(address) else f"{host} ({address})"
    return EgressRefused(
        f"{where} is not a public address. To let Athena reach it, an administrator can add it to ATHENA_EGRESS_ALLOW."
    )
