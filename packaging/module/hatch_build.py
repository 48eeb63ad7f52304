"""Puts the Redis module into the wheel and names the platform that it needs in the wheel's tag.

Two variables say where the module comes from:

- ``TRACKER_MODULE``: the path of a built libtracker.so, which is taken as it is;
- ``TRACKER_TARGET``: what to build it for by ``cargo zigbuild``, such as
  ``x86_64-unknown-linux-musl`` or, with the oldest glibc that shall do,
  ``x86_64-unknown-linux-gnu.2.17``.

Without either ``cargo build`` builds it for this machine.

``TRACKER_PROJECT_URL`` is the repository's address on the web, for the links of the package.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

#: The names of machines in the tags of wheels, by their names in ELF.
MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
#: The libraries that every Linux with glibc has. With musl it is the C library alone.
GLIBC_LIBRARIES = {
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
}
#: The minor version of the oldest glibc that a wheel promises: ``manylinux2014`` is 2.17.
OLDEST_GLIBC = 17

#: For musl: use the C library of the server that loads the module; keep the tables that the crate
#: redis-module reads at the start, which zig's linker would drop; and fail rather than build a
#: module that lacks a symbol. What it needs of libgcc, which Alpine's images lack, zig links in.
MUSL_FLAGS = " ".join(
    [
        "-C target-feature=-crt-static",
        "-C link-arg=-Wl,--no-gc-sections",
        "-C link-arg=-Wl,-z,defs",
    ]
)


class LinksHook(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        address = os.environ.get("TRACKER_PROJECT_URL", "").rstrip("/")
        if address:
            tag = f"v{metadata['version']}"
            metadata["urls"] = {
                "Source": f"{address}/tree/{tag}",
                "Documentation": f"{address}/blob/{tag}/docs/pages/operations/running.md",
                "Changelog": f"{address}/blob/{tag}/CHANGELOG.md",
                "Issues": f"{address}/issues",
            }


class ModuleHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        module = given_module() or build_module(self.rust_sources())
        build_data["pure_python"] = False
        build_data["infer_tag"] = False
        build_data["tag"] = f"py3-none-{platform_tag(module)}"
        build_data["force_include"][str(module)] = "celery_task_tracker_module/libtracker.so"

    def dependencies(self) -> list[str]:
        """What pip installs for building beside what pyproject.toml names."""
        zig = os.environ.get("TRACKER_TARGET") and not os.environ.get("TRACKER_MODULE")
        return ["cargo-zigbuild", "ziglang"] if zig else []

    def rust_sources(self) -> Path:
        """The folder of Cargo.toml: within an sdist, or the repository."""
        inside = Path(self.root, "rust")
        return inside if inside.is_dir() else Path(self.root).parents[1]


def given_module() -> Path | None:
    given = os.environ.get("TRACKER_MODULE")
    if not given:
        return None
    module = Path(given).resolve()
    if not module.is_file():
        sys.exit(f"TRACKER_MODULE names {module}, which is not a file.")
    return module


def build_module(sources: Path) -> Path:
    """Builds the module in release mode, without symbols. Takes minutes the first time."""
    target = os.environ.get("TRACKER_TARGET", "")
    command = ["zigbuild", "--target", target] if target else ["build"]
    flags = {"RUSTFLAGS": MUSL_FLAGS} if target.endswith("-musl") else {}
    try:
        done = subprocess.run(
            [
                *("cargo", *command, "--release", "--locked", "--lib"),
                *("--config", 'profile.release.strip = "symbols"'),
                *("--message-format", "json-render-diagnostics"),
            ],
            cwd=sources,
            check=True,
            env={**os.environ, **flags},
            stdout=subprocess.PIPE,
        )
    except FileNotFoundError:
        sys.exit(
            "There is no built tracker module for this platform, and building it needs Rust "
            "(https://rustup.rs) and libclang."
        )
    except subprocess.CalledProcessError as error:
        sys.exit(f"cargo could not build the tracker module (status {error.returncode}).")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    (module,) = (
        file
        for message in messages
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "tracker"
        for file in message["filenames"]
    )
    return Path(module)


def platform_tag(module: Path) -> str:
    """The platforms that ``module`` can be loaded on, as wheels name them."""
    if sys.platform == "linux":
        with module.open("rb") as file:
            return linux_tag(ELFFile(file))
    if sys.platform == "darwin":
        asked = ["rustc", "--print", "deployment-target"]
        oldest = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        release = oldest.strip().rpartition("=")[2].replace(".", "_")
        return f"macosx_{release}_{os.uname().machine}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def linux_tag(module: ELFFile) -> str:
    """The tag of a module for glibc, or for musl. Refuses libraries that a system may lack."""
    name = module["e_machine"]
    if name not in MACHINES:
        sys.exit(
            f"The tracker module is for the machine {name}, which no wheel's tag is known for."
        )
    machine = MACHINES[name]
    libraries = {
        tag.needed for tag in module.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")
    }
    musl = {"libc.so", f"libc.musl-{machine}.so.1"}
    foreign = libraries - (musl if libraries & musl else GLIBC_LIBRARIES)
    if foreign:
        sys.exit(f"The tracker module needs libraries that a system may lack: {sorted(foreign)}.")
    if libraries & musl:
        return f"musllinux_1_2_{machine}"
    minor = max(OLDEST_GLIBC, newest_glibc(module))
    tag = f"manylinux_2_{minor}_{machine}"
    return f"{tag}.manylinux2014_{machine}" if minor == OLDEST_GLIBC else tag


def newest_glibc(module: ELFFile) -> int:
    """The minor version of the newest glibc 2 that a symbol of ``module`` asks for."""
    needed = module.get_section_by_name(".gnu.version_r")
    names = [version.name for _, versions in needed.iter_versions() for version in versions]
    return max(int(name.split(".")[1]) for name in names if name.startswith("GLIBC_2."))
