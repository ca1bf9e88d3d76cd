"""A variable that a secret takes its content from is one, whatever it is called."""

from __future__ import annotations

from deployer.resources.from_stack import hidden_in
from deployer.stack.load import load

TEXT = """
services:
  web:
    image: busybox
    environment: {OPEN: "${N2_PW_FILE}", HIDDEN: "a${N2_PW}"}
secrets:
  pw: {environment: N2_PW}
  other: {file: ./pw}
"""


def test_what_it_went_into_is_hidden() -> None:
    environment = {"N2_PW": "hunter2", "N2_PW_FILE": "/run/secrets/pw"}
    stack = load(TEXT, file="stack.yaml", folder="/shop", environment=environment, read_env_file=lambda *_: {})
    assert hidden_in(stack, "web") == {("environment", "HIDDEN")}
