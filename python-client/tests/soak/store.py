"""What the tracker's Redis holds, read with plain commands."""

from __future__ import annotations

from collections.abc import Iterable

import redis

from .verdict import Record


def records_of(client: redis.Redis, orders: Iterable[int]) -> dict[str, Record]:
    """Each record of these orders, by task id."""
    keys = [f"shop.order:{{{order}}}" for order in orders]
    ids = _each(client, [("ZRANGE", f"{key}:tasks", 0, -1) for key in keys])
    places = [(key, task_id) for key, of_key in zip(keys, ids, strict=True) for task_id in of_key]
    found = _each(client, [("HGETALL", f"{key}:record:{task_id}") for key, task_id in places])
    return {task_id: fields for (_, task_id), fields in zip(places, found, strict=True)}


def rows_of_overview(client: redis.Redis, task_ids: Iterable[str]) -> dict[str, Record]:
    """The rows of these tasks in the overview of all orders, by task id."""
    ids = list(task_ids)
    rows = _each(client, [("HGETALL", f"shop.order:{{%all}}:record:{each}") for each in ids])
    return dict(zip(ids, rows, strict=True))


def _each(client: redis.Redis, commands: list[tuple]) -> list:
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    return pipeline.execute()
