"""``python -m soak``: rounds of trouble for SOAK_MINUTES, and the table of them in tests/SOAK.md.

SOAK_SEED repeats the random choices of a run; the moments at which processes die still differ.
SOAK_BROKER is ``redis`` or ``rabbitmq``.
"""

from __future__ import annotations

import os
import random
import sys
import time

from .brokers import BROKERS
from .faults import FAULTS
from .stage import stage
from .table import Table

#: A round: so many processes, which send so many tasks each, and pause for some seconds after each.
PROCESSES, LEAST, MOST, PAUSE = 8, 50, 100, 0.1

#: The package's own timeouts, in seconds, and how long an outage lasts.
TIMEOUT, OUTAGE = 0.25, 3.0


def main() -> int:
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(1_000_000))
    broker = BROKERS[os.environ.get("SOAK_BROKER", "redis")]
    chance = random.Random(seed)
    table = Table(broker.name, seed)
    begun = time.monotonic()
    faults: list = []
    with stage(broker, timeout=TIMEOUT, outage=OUTAGE) as on_stage:
        while time.monotonic() - begun < minutes * 60:
            # Each of them once, in any order, before one comes again.
            faults = faults or chance.sample(FAULTS, len(FAULTS))
            fault = faults.pop()
            verdict = on_stage.round(
                [fault], seed=seed, processes=PROCESSES, least=LEAST, most=MOST, pause=PAUSE
            )
            told = table.add([fault], verdict)
            print(f"{time.monotonic() - begun:5.0f} s  {table.tasks} tasks; {told}", flush=True)
            for difference in verdict.differences:
                print(f"    {difference}", flush=True)
    taken = round((time.monotonic() - begun) / 60)
    print(table.text(taken))
    table.keep(taken)
    return 0 if table.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
