"""examples/gitops/deployer.service, as systemd reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "examples/gitops/deployer.service"
ANALYZE = shutil.which("systemd-analyze")


def verified(unit: Path) -> str:
    if not ANALYZE:
        pytest.skip("needs systemd-analyze (systemd)")
    done = subprocess.run([ANALYZE, "verify", str(unit)], capture_output=True, text=True, timeout=60)
    return "\n".join(line for line in done.stderr.splitlines() if unit.name in line)


def test_the_unit_has_nothing_that_systemd_warns_of(tmp_path: Path):
    unit = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert "ExecStart=/opt/deployer/bin/deployer sync" in text
    unit.write_text(text.replace("/opt/deployer/bin/deployer", "/bin/true"))  # it asks whether the program is there
    assert verified(unit) == ""


def test_and_it_would_warn(tmp_path: Path):
    unit = tmp_path / UNIT.name
    unit.write_text("[Service]\nExecStart=/bin/true\nProtectSystm=strict\n")
    assert "ProtectSystm" in verified(unit)


def test_processes_of_others_are_not_hidden_from_it():
    """Another apply whose process cannot be seen would be taken for dead, and its turn away from it."""
    settings = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    assert not [line for line in settings if line.startswith(("ProtectProc", "ProcSubset"))]
