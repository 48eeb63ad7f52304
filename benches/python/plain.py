"""The tracker that one would write first: redis-py, a hash per task, three sorted sets per object.

``<task_id>``: the record. ``<model>:<id>:tasks``, ``…:state:<State>``, ``…:task:<name>``: its
indexes. The hash is read and written in a transaction of its own, then the indexes are moved.
"""

import contextlib
import json
import time
from datetime import datetime

import redis
from celery import signals

WINDOW = 86_400

#: The tasks that are tracked, and for which model.
TRACKED = {"shop.tasks.process_payment": "shop.Order"}


class PlainTracker:
    """Handlers of Celery's signals. ``is_pipelined``: whether the indexes go out together."""

    def __init__(self, redis_url, is_pipelined):
        self.redis = redis.Redis.from_url(redis_url, decode_responses=True)
        self.is_pipelined = is_pipelined

    def connect(self):
        """Connects every handler."""
        for signal, handler in (
            (signals.after_task_publish, self.published),
            (signals.task_received, self.received),
            (signals.task_prerun, self.started),
            (signals.task_success, self.succeeded),
        ):
            signal.connect(handler, weak=False)

    def published(self, sender=None, headers=None, body=None, **_):
        self.record(headers["id"], sender, "Pending", body[0])

    def received(self, request=None, **_):
        self.record(request.id, request.type, "Received", request.args)

    def started(self, sender=None, task_id=None, args=None, **_):
        self.record(task_id, sender.name, "Started", args)

    def succeeded(self, sender=None, result=None, **_):
        request = sender.request
        self.record(request.id, sender.name, "Success", request.args, result=json.dumps(result))

    def record(self, task_id, name, state, args, **fields):
        """Writes the record, then moves it in the indexes."""
        model = TRACKED.get(name)
        if model is None:
            return
        instance = f"{model}:{args[0]}"
        before = self.write(task_id, name, state, instance, fields)
        with self.commands() as commands:
            score = time.time()
            for index in (f"{instance}:tasks", f"{instance}:task:{name}"):
                commands.zadd(index, {task_id: score})
                commands.expire(index, WINDOW)
            if before and before["state"] != state:
                commands.zrem(f"{instance}:state:{before['state']}", task_id)
            commands.zadd(f"{instance}:state:{state}", {task_id: score})
            commands.expire(f"{instance}:state:{state}", WINDOW)

    def write(self, task_id, name, state, instance, fields):
        """Writes the hash, and tries again on a conflict. Returns what it held before."""
        while True:
            with self.redis.pipeline() as transaction, contextlib.suppress(redis.WatchError):
                transaction.watch(task_id)
                before = transaction.hgetall(task_id)
                now = datetime.now().isoformat()
                record = {
                    "id": task_id,
                    "name": name,
                    "state": state,
                    "objects": json.dumps([instance]),
                    "created_at": before.get("created_at", now),
                    "updated_at": now,
                    **fields,
                }
                transaction.multi()
                transaction.hset(task_id, mapping=record)
                transaction.expire(task_id, WINDOW)
                transaction.execute()
                return before

    @contextlib.contextmanager
    def commands(self):
        """Where an event's commands for the indexes go."""
        if not self.is_pipelined:
            yield self.redis
            return
        with self.redis.pipeline() as pipeline:
            yield pipeline
            pipeline.execute()
