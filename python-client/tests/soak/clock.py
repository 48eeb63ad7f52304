"""A wall clock that can be set, for the processes that are started with it."""

import struct
import subprocess
from pathlib import Path

from servers import REPOSITORY

#: An hour in milliseconds.
HOUR = 3_600_000


class Clock:
    """It is right until it is set. Needs the C compiler ``cc``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._offset = folder / f"{name}.offset"
        self.set(0)
        library = folder / "clock.so"
        if not library.exists():
            source = REPOSITORY / "tests" / "module" / "clock.c"
            command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
            subprocess.run(command, check=True)
        #: What a process needs in its environment to have this clock.
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(self._offset)}

    def set(self, ahead: int) -> None:
        """Sets it that many milliseconds ahead of the right time, or behind it if negative."""
        # The processes have mapped the file into their memory: it must not be replaced.
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("q", ahead))
