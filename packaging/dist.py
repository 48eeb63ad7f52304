"""Builds what a release consists of, for the platform of this machine.

    python packaging/dist.py [FOLDER]

FOLDER (``dist`` in the repository, unless given) then holds the wheels and source distributions of
the Django package and of the module, ``libtracker-<version>-<os>-<arch>-<libc>.tar.gz`` and
``SHA256SUMS``. What an earlier run left there is removed.

On Linux with glibc the module is built by zig for glibc 2.17, so that nearly every system can load
it; elsewhere by the machine's own linker. ``TRACKER_TARGET`` names another target, and
``TRACKER_MODULE`` a module that is built already: see ``packaging/module/hatch_build.py``.
"""

import argparse
import gzip
import hashlib
import io
import os
import platform
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARY = "celery_task_tracker_module/libtracker.so"
PORTABLE_GLIBC = "-unknown-linux-gnu.2.17"
#: The systems that a wheel's tag begins with, and what their C libraries are called here.
SYSTEMS = {
    "manylinux": ("linux", "glibc{version}"),
    "musllinux": ("linux", "musl{version}"),
    "macosx": ("macos", "libsystem"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=REPOSITORY / "dist")
    folder = parser.parse_args().folder.resolve()
    for pattern in ("celery_task_tracker*", "libtracker-*", "SHA256SUMS"):
        for old in folder.glob(pattern):
            old.unlink()
    build("python-client", folder)
    target = (
        "" if "TRACKER_MODULE" in os.environ else os.environ.get("TRACKER_TARGET", own_target())
    )
    build("packaging/module", folder, TRACKER_TARGET=target)
    (wheel,) = folder.glob("celery_task_tracker_module-*.whl")
    if target.endswith(PORTABLE_GLIBC) and "manylinux2014" not in wheel.name:
        sys.exit(f"The module was to need no later glibc than 2.17, and does: {wheel.name}")
    pack(wheel, folder)
    add_up(folder)
    for file in sorted(folder.iterdir()):
        print(file.name)


def own_target() -> str:
    """The target that zig builds for on this machine; empty where its own linker does it."""
    machine = platform.machine()
    by_zig = platform.libc_ver()[0] == "glibc" and machine in ("x86_64", "aarch64")
    return f"{machine}{PORTABLE_GLIBC}" if by_zig else ""


def build(project: str, folder: Path, **environment: str) -> None:
    """The source distribution of ``project``, and the wheel from that."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, REPOSITORY / project],
        # The wheel is built in a folder of its own, from crates that may have been built before.
        env={"CARGO_TARGET_DIR": str(REPOSITORY / "target"), **os.environ, **environment},
    )
    if done.returncode:
        sys.exit(f"{project} could not be built.")


def pack(wheel: Path, folder: Path) -> None:
    """The archive for those who install no Python: the module of ``wheel``, as it is there."""
    name = f"libtracker-{wheel.name.split('-')[1]}-{'-'.join(platform_of(wheel))}"
    contents = {
        "libtracker.so": zipfile.ZipFile(wheel).read(LIBRARY),
        "redis.conf.example": (REPOSITORY / "redis.conf.example").read_bytes(),
        "LICENSE": (REPOSITORY / "LICENSE").read_bytes(),
    }
    # Without the time of packing, the same module gives the same archive.
    with (
        gzip.GzipFile(folder / f"{name}.tar.gz", "wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for file, content in contents.items():
            entry = tarfile.TarInfo(f"{name}/{file}")
            entry.size = len(content)
            # Redis refuses a module that it may not execute.
            entry.mode = 0o755 if file == "libtracker.so" else 0o644
            archive.addfile(entry, io.BytesIO(content))


def platform_of(wheel: Path) -> tuple[str, str, str]:
    """System, machine and C library, such as ``linux``, ``x86_64`` and ``glibc2.17``."""
    tag = wheel.stem.split("-")[-1].split(".")[0]
    system, major, minor, machine = tag.split("_", 3)
    name, library = SYSTEMS[system]
    return name, machine, library.format(version=f"{major}.{minor}")


def add_up(folder: Path) -> None:
    """Writes SHA256SUMS, for ``sha256sum --check``."""
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main()
