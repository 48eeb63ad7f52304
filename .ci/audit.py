"""Looks for known vulnerabilities of what the package needs, with pip-audit.

PyPI has the list of vulnerabilities. A mirror, or a machine without a network, may not have it.
What could not be looked up is then named, and only ``--strict`` makes that a failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "python-client"


def main(arguments: list[str]) -> int:
    """0: nothing is known to be vulnerable; 1: something is, or cannot be looked up (strict)."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--progress-spinner", "off"),
            *("--format", "json", str(PACKAGE)),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        return incomplete(f"NOTHING WAS AUDITED: {lines[-1]}", arguments)
    vulnerable = [each for each in found if each.get("vulns")]
    for each in vulnerable:
        ids = ", ".join(vulnerability["id"] for vulnerability in each["vulns"])
        print(f"{each['name']} {each['version']} is vulnerable: {ids}", file=sys.stderr)
    if vulnerable:
        return 1
    skipped = [each for each in found if "skip_reason" in each]
    if skipped or not found:
        reason = f", for example: {skipped[0]['skip_reason']}" if skipped else ""
        count = f"{len(skipped)} OF {len(found)} PACKAGES WERE NOT AUDITED"
        return incomplete(count + reason, arguments)
    print(f"No vulnerability is known of {len(found)} packages.")
    return 0


def incomplete(message: str, arguments: list[str]) -> int:
    """Says so where nobody overlooks it."""
    print(f"\n{'!' * 80}\n{message}\n{'!' * 80}\n", file=sys.stderr)
    return int("--strict" in arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
