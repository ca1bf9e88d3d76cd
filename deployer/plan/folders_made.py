"""What a new container mounts of its host and is not there: the engine makes an empty folder, which may be a slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deployer.fields.mounts import made_paths
from deployer.plan.draft import Draft
from deployer.plan.model import Call, Change
from deployer.resources.desired import DesiredService
from deployer.resources.observed import Observed

_MADE = "nothing is there: an empty folder will be made"


def with_folders_made(drafts: Sequence[Draft], observed: Observed) -> None:
    """Let each new container say of which of its mounts the source is not there, where that can be seen from here: at
    the field where that one differs.
    """
    for draft in drafts:
        if draft.service and observed.missing_paths and draft.has(Call.CREATE):
            draft.change = _told(draft.change, draft.service, observed)


def _told(change: Change, service: DesiredService, observed: Observed) -> Change:
    mounts = service.written["volumes"].value if "volumes" in service.written else ()
    paths = made_paths(mounts, service.context.folder)
    made = [f"volumes.{target}" for target, path in paths if path in observed.missing_paths]
    fields = tuple(
        replace(field, note="; ".join(filter(None, (field.note, _MADE)))) if field.field in made else field
        for field in change.fields
    )
    differing = {field.field for field in fields}
    notes = ((name, _MADE) for name in made if name not in differing)
    return replace(change, fields=fields, notes=(*change.notes, *notes))
