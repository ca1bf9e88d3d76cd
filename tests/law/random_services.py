"""Random services, and random changes of them, as data: which row says which value, how spelled, under which name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from deployer.fields import container
from deployer.fields.field import Field
from tests.law.vocabulary import RANDOM, words_of

QUICK: Mapping[str, Any] = {"stop_grace_period": "0s", "stop_signal": "SIGKILL"}
"""What every service says where no row of it says otherwise: it is gone as soon as it is to go."""

EXAMPLE: Mapping[str, Any] = {"init": True, **QUICK}
"""A service that stays as it is, for those that refer to another one."""

SECTIONS: Mapping[str, Any] = {"networks": {"front": {}}, "volumes": {"data": {}}}
"""What the vocabulary refers to; secrets and configs besides."""

_NEEDS: Mapping[str, Mapping[str, Any]] = {"entrypoint": {"command": ["sleep", "1000"]}}
"""What must be said besides for the container to live, in addition to what the row itself says it needs."""

_OF_A_NETWORK = {
    *("networks", "ports", "publish_all", "sysctls", "hostname", "extra_hosts", "dns", "dns_search", "dns_opt"),
    *("links", "external_links", "mac_address"),
}
APART: tuple[tuple[set[str], set[str]], ...] = (
    # A container without a network of its own has no part in any (moby, runconfig/hostconfig.go).
    ({"network_mode"}, _OF_A_NETWORK),
    # The engine refuses them together (moby, daemon/daemon_unix.go).
    ({"cpus"}, {"cpu_quota", "cpu_period"}),
    ({"uts"}, {"hostname", "domainname"}),
)
"""Rows that cannot be said together with others."""


@dataclass(frozen=True)
class Word:
    """One row as it is said: its value by number, 0 where that is the default, and what is written under which name."""

    value: int
    written: Any
    name: str


Said = Mapping[str, Word]
"""By the name of the row."""


@dataclass(frozen=True)
class Trial:
    """A service, and the same one after a change; `needed` is said in both."""

    before: Said
    after: Said
    needed: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def written(self, said: Said, image: str) -> dict[str, Any]:
        """The service as it stands in the file."""
        keys: dict[str, Any] = {"image": image, **QUICK, **self.needed, "deploy": {"update_config": {"monitor": "0s"}}}
        for word in said.values():
            nest(keys, word.name, word.written)
        return keys

    @property
    def changed(self) -> set[str]:
        """The rows whose values differ."""
        rows = {
            row
            for row in self.before.keys() | self.after.keys()
            if _value(self.before.get(row)) != _value(self.after.get(row))
        }
        return rows - {"networks"} if "network_mode" in rows else rows  # another mode takes and brings all networks

    def without(self, row: str) -> Trial:
        return Trial(
            {name: word for name, word in self.before.items() if name != row},
            {name: word for name, word in self.after.items() if name != row},
            self.needed,
        )


def _value(word: Word | None) -> int:
    return word.value if word else 0


def nest(keys: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted key without touching what stands beside it."""
    head, _, rest = path.partition(".")
    if rest:
        keys[head] = dict(keys.get(head, {}))
        nest(keys[head], rest, value)
    else:
        keys[head] = value


def row_of(changed_field: str) -> str:
    """The row that a field of a plan belongs to."""
    owners = [
        (name, row.name) for row in container.FIELDS for name in row.names if f"{changed_field}.".startswith(f"{name}.")
    ]
    return max(owners)[1] if owners else changed_field


def together(rows: Collection[str]) -> bool:
    return not any(some & set(rows) and others & set(rows) for some, others in APART)


@st.composite
def word(draw: Any, row: Field) -> Word:
    words = words_of(row)
    spellings = [(0, words.unset)] if words.unset else []
    spellings += [(number, found) for number, found in enumerate(words.values, 1)]
    value, found = draw(st.sampled_from(spellings))
    names = [name for name in row.names if name not in row.example_as]
    return Word(value, draw(st.sampled_from(found)), draw(st.sampled_from(names)))


@st.composite
def trials(draw: Any, rows: tuple[Field, ...]) -> Trial:
    """Some of the rows in any values; then some of them in others, some in another spelling, some gone, some new."""
    chosen = draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.name, min_size=1, max_size=12))
    needed: dict[str, Any] = {}
    kept: list[Field] = []
    for row in chosen:
        if together([*needed, *(one.name for one in kept), row.name, *_needs(row)]) and row.name not in needed:
            kept.append(row)
            needed |= _needs(row)  # said in both, so no row of its own that may be left out
    kept = [row for row in kept if row.name not in needed]
    before = {row.name: draw(word(row)) for row in kept if draw(st.integers(0, 3))}
    stays = {row: draw(st.booleans()) for row in before}
    after = {row.name: before[row.name] if stays.get(row.name) else draw(word(row)) for row in kept}
    after = {row: one for row, one in after.items() if stays.get(row) or draw(st.integers(0, 3))}
    return Trial(before, after, needed)


def _needs(row: Field) -> Mapping[str, Any]:
    return {**row.needs, **_NEEDS.get(row.name, {})}


def random_trials(number: int, start: int, without: Collection[str] = ()) -> list[Trial]:
    """As many as asked for, always the same for one start; `without` names rows that the engine at hand cannot have."""
    rows = tuple(row for row in RANDOM if row.name not in without)
    found: list[Trial] = []

    @seed(start)
    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(trials(rows))
    def collect(trial: Trial) -> None:
        found.append(trial)

    collect()
    return found
