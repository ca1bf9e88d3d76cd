"""Where on the web the lines of a checkout's files can be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from deployer.errors import Diagnostic, Place, WrongUsage
from deployer.sources.origin import checkout


def links_to(url: str, folder: Path) -> Callable[[Place], str]:
    """What leads from a place to its line beneath a URL, as GitHub, GitLab and Gitea all have it: `URL/PATH#L12`.

    Places are as seen from the folder. Nothing leads to what lies outside of its checkout; without a checkout the URL
    is taken to be the folder's. Raises WrongUsage for what is no URL of the web.
    """
    if url and not url.startswith(("https://", "http://")):
        hint = "write it as https://HOST/ME/REPO/blob/COMMIT"
        raise WrongUsage(Diagnostic("usage", f"--link: {url!r} is no URL of the web", hint=hint))
    top = (checkout(folder) or folder) if url else folder

    def link(place: Place) -> str:
        path = os.path.relpath(os.path.realpath(folder / place.file), os.path.realpath(top))
        if not url or not place.line or path.startswith(".."):
            return ""
        return f"{url.rstrip('/')}/{quote(path)}#L{place.line}"

    return link
