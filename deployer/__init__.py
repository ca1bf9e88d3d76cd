"""Declarative deployment for Docker: a stack says what should be, a plan what would change, apply does just that."""

from __future__ import annotations

__version__ = "0.1.0"
