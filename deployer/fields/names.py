"""The rows of what names mean inside: the container's own, those of other hosts, and who is asked for the rest."""

from __future__ import annotations

from deployer.fields.container_names import CONTAINER_NAME
from deployer.fields.field import Context, Field, Json, Value
from deployer.fields.hosts import DNS, DNS_OPTIONS, DNS_SEARCH, HOSTS, HostName
from deployer.fields.kinds import TEXT, text_kind


def read_hostname(inspect: Json, _: Context) -> Value:
    """Unless asked for, it is the short id, or the host's in its network; in another container's, it is that one's."""
    name = inspect["Config"].get("Hostname") or ""
    mode = inspect["HostConfig"].get("NetworkMode") or ""
    return "" if name == inspect["Id"][:12] or mode.startswith("container:") else name


ROWS: tuple[Field, ...] = (
    CONTAINER_NAME,
    Field(
        name="hostname",
        kind=text_kind(HostName),
        engine="Hostname",
        inspect="Config.Hostname",
        read=read_hostname,
        unset="",
        example=("one.example", "two.example"),
        doc="The name that the container has for itself; unless set, the first 12 digits of its id.",
    ),
    Field(
        name="domainname",
        kind=TEXT,
        engine="Domainname",
        inspect="Config.Domainname",
        unset="",
        example=("one.example", "two.example"),
        doc="The domain that the container has for itself.",
    ),
    Field(
        name="extra_hosts",
        kind=HOSTS,
        engine="HostConfig.ExtraHosts",
        unset=(),
        example=(["db=10.1.2.3"], {"db": ["10.1.2.4", "10.1.2.5"], "v6": "::1"}),
        doc="Further names of hosts, each with its addresses; `host-gateway` is the engine's host (Engine 20.10).",
    ),
    Field(
        name="dns",
        kind=DNS,
        engine="HostConfig.Dns",
        unset=(),
        example=("192.0.2.53", ["192.0.2.54", "192.0.2.53"]),
        doc="The DNS servers to ask, in this order; unless set, the engine's.",
    ),
    Field(
        name="dns_search",
        kind=DNS_SEARCH,
        engine="HostConfig.DnsSearch",
        unset=(),
        example=(["a.example", "b.example"], ["b.example", "a.example"]),
        doc='The domains that a name without dots is looked up in, in this order; "." is none at all.',
    ),
    Field(
        name="dns_opt",
        kind=DNS_OPTIONS,
        engine="HostConfig.DnsOptions",
        unset=frozenset(),
        example=(["ndots:2"], ["ndots:3", "use-vc"]),
        doc="Options for looking names up, as resolv.conf(5) has them.",
    ),
)
