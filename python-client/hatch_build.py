"""What the package's metadata says of the repository: its links, and those of README.md.

``TRACKER_PROJECT_URL`` names the repository's address on the web, such as
``https://github.com/<owner>/<repository>``. The release workflow sets it. Without it the package
has no links, and the relative ones of README.md stay as they are.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A relative link or picture in Markdown.
RELATIVE = re.compile(r"(!?)(\[[^\]]*\])\((?!https?:|#)([^)]+)\)")


class MetadataHook(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        address = os.environ.get("TRACKER_PROJECT_URL", "").rstrip("/")
        if address:
            tag = f"v{metadata['version']}"
            metadata["urls"] = {
                "Source": f"{address}/tree/{tag}",
                "Documentation": f"{address}/blob/{tag}/docs/pages/index.md",
                "Changelog": f"{address}/blob/{tag}/CHANGELOG.md",
                "Issues": f"{address}/issues",
            }
            readme = with_absolute_links(readme, address, tag)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def with_absolute_links(readme: str, address: str, tag: str) -> str:
    """The text with the addresses of files of this version, and of pictures as such."""

    def absolute(link: re.Match[str]) -> str:
        mark, words, target = link.groups()
        path = posixpath.normpath(posixpath.join("python-client", target))
        return f"{mark}{words}({address}/{'raw' if mark else 'blob'}/{tag}/{path})"

    return RELATIVE.sub(absolute, readme)
