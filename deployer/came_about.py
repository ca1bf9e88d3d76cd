"""How the revisions of a stack came about, as their records tell it: the command, the commit, what the plan changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.resources.revisions import About
    from deployer.stack.model import Stack


@dataclass
class CameAbout:
    """What is sensitive in the stack is worked out once: a revision says it when it begins and when it ends."""

    stack: Stack

    def about(
        self,
        command: str,
        plan: Plan,
        keep: int,
        salt: str,
        became: Mapping[str, str],
        *,
        commit: tuple[str, bool],
        contents: Mapping[str, str],
    ) -> About:
        """How a revision came about that carries out a plan, and what `became` of its changes, by address; what is
        sensitive is in it as salted digests. `commit` is that of the checkout, and whether it is dirty; `contents` are
        the digests of what secrets and configs hold.
        """
        from deployer.render.change_line import change_line, change_lines, lines_by_end
        from deployer.resources.applied import digest_with
        from deployer.resources.revisions import About

        of, dirty = commit
        inactive = tuple(sorted(self.stack.inactive))
        line, whole = change_line(plan), change_lines(plan)
        cut = whole if whole != tuple(line.split("; ")) else ()
        return About(
            command,
            line,
            of,
            dirty,
            self.stack.folder,
            inactive,
            keep,
            cut,
            self.masked(salt),
            self._around,
            {path: digest_with(salt, digest) for path, digest in contents.items()},
            became=lines_by_end(plan, became),
        )

    def masked(self, salt: str) -> Mapping[str, str]:
        """Salted digests of what is sensitive in the stack, by its path."""
        from deployer.resources.applied import digest_with

        return {path: digest_with(salt, value) for path, value in self._behind_masks.items()}

    @cached_property
    def _behind_masks(self) -> Mapping[str, str]:
        """What is sensitive in the stack, as JSON, by its path."""
        from deployer.history.compare import masked
        from deployer.render.config import whole_tree

        hidden = masked(whole_tree(self.stack), whole_tree(self.stack, bare=True))
        return {path: json.dumps(value, sort_keys=True, default=str) for path, value in hidden}

    @cached_property
    def _around(self) -> Mapping[str, str]:
        """What can be shown of what is sensitive in the stack, by its path."""
        from deployer.resources.from_stack import desired

        services = desired(self.stack, "", {}).services
        return {
            f"services.{name}.{row}.{entry}": around.text
            for name, service in services.items()
            for (row, entry), around in service.around.items()
        }
