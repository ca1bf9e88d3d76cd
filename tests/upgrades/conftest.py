"""The formats that labels and records have had."""

from __future__ import annotations

import pytest

from tests.upgrades.kept import FORMATS, Kept, kept


@pytest.fixture(params=FORMATS)
def each_format(request: pytest.FixtureRequest) -> Kept:
    """What every deployer whose labels or records were another's left on an engine."""
    return kept(request.param)
