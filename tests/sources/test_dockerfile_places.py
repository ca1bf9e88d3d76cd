"""Where in a Dockerfile that lies of which the builder speaks."""

from __future__ import annotations

import pytest

from deployer.errors import Place
from deployer.sources.dockerfile_places import place_of

TEXT = """\
# syntax=docker/dockerfile:1
ARG V=1
FROM a AS one
RUN x \\
  # why

  y
RUN <<EOF
RUN no
EOF

FROM b AS two
ARG Z
  copy --from=one a b
ONBUILD RUN z
"""


@pytest.mark.parametrize(
    ("step", "target", "expected"),
    [
        ("Step 1/8 : ARG V=1", "", (2, 1)),
        ("Step 2/8 : FROM a AS one", "", (3, 1)),
        ("Step 3/8 : RUN x   y", "", (4, 1)),
        ("Step 4/8 : RUN <<EOF", "", (8, 1)),
        ("Step 7/8 : COPY --from=one a b", "", (14, 3)),
        ("Step 8/8 : ONBUILD RUN z", "", (15, 1)),
        ("Step 3/4 : RUN x   y", "one", (4, 1)),
        ("dockerfile parse error line 14: unknown flag: from", "", (14, 3)),
        ("could not build image x: dockerfile parse error on line 4: unknown instruction: RN", "", (4, 1)),
    ],
)
def test_a_step_is_the_instruction_that_it_counts(step: str, target: str, expected: tuple[int, int]) -> None:
    """The ARGs before the first FROM count, comments do not, nor the stages after the target."""
    found = place_of(step, TEXT, {}, target, "web/Dockerfile")
    assert found == Place("web/Dockerfile", *expected)
    assert found.excerpt == TEXT.splitlines()[expected[0] - 1]


@pytest.mark.parametrize(
    "said",
    [
        "Step 3/9 : RUN x",
        "Step 3/8 : COPY x y",
        "Step 0/8 : ARG V=1",
        "Step 9/8 : RUN x",
        "",
        "RUN x",
        "dockerfile parse error line 99: no",
        "dockerfile parse error line 0: no",
    ],
)
def test_what_does_not_fit_has_no_place(said: str) -> None:
    """Another number of steps, another instruction: a wrong line is worse than none."""
    assert place_of(said, TEXT, {}, "", "Dockerfile") is None
