"""What is raised where something can be mended."""

from __future__ import annotations

from deployer.errors import Diagnostic
from deployer.resources.wire import EngineRefused


def test_a_failure_that_is_told_otherwise_is_the_same_failure():
    refused = EngineRefused(Diagnostic("conflict", "it is there"), 409)
    told = refused.with_diagnostics([Diagnostic("conflict", "web is there")])
    assert (type(told), told.status, told.exit_code) == (EngineRefused, 409, refused.exit_code)
    assert (str(told), [each.message for each in told.diagnostics]) == ("web is there", ["web is there"])
    assert told.__cause__ is refused
