"""Plain values as YAML that every reader takes for the same, and no terminal for a command."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

from deployer.render.harmless import harmless

_AMBIGUOUS = re.compile(
    r"""
      | ~ | y | n | yes | no | on | off | true | false | null | << | =
      | [-+]? (?: 0b[01_]+ | 0o?[0-7_]+ | 0x[0-9a-f_]+ )
      | [-+]? [0-9_]* \.? [0-9_]* (?: e [-+]? [0-9]+ )?
      | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )?
      | [-+]? \. (?: inf | nan )
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: [Tt\s].* )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Text that YAML 1.1 or 1.2 would read as something else (the first is empty): it goes in quotes."""


def as_yaml_text(value: Any) -> str:
    """Block style as `docker compose config` has it; harmful characters are escapes, and read back the same."""
    from ruamel.yaml import YAML, RoundTripRepresenter  # 40 ms

    class Representer(RoundTripRepresenter):
        """Of its own, as what is added to a class is added for all."""

    Representer.add_representer(type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null"))
    yaml = YAML()
    yaml.Representer = Representer
    yaml.default_flow_style = False
    yaml.width = 2**20
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(_quoted(value), stream)
    return "\n".join(harmless(line) for line in stream.getvalue().split("\n"))


def _quoted(value: Any) -> Any:
    match value:
        case dict():
            return {_scalar(key, block=False): _quoted(item) for key, item in value.items()}
        case list():
            return [_quoted(item) for item in value]
        case str():
            return _scalar(value, block=True)
        case _:
            return value


def _scalar(text: str, *, block: bool) -> str:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    lines = text.split("\n")
    if any(harmless(line) != line for line in lines) or _AMBIGUOUS.fullmatch(text):
        return DoubleQuotedScalarString(text)
    if len(lines) == 1:
        return text
    readable = block and lines[0].strip() and not any(line.endswith(" ") for line in lines) and lines[-2:] != ["", ""]
    return LiteralScalarString(text) if readable else DoubleQuotedScalarString(text)
