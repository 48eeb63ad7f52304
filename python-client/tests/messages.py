"""Messages as a process without the tracker would send them, and what is in a queue."""

import json

from kombu import Producer

from project import celery_app


def send_raw(task_id, name, body, **headers):
    """Publishes a message as a process without the tracker might."""
    properties = {key: headers.pop(key) for key in ("serializer", "queue") if key in headers}
    with celery_app.connection_for_write() as broker_connection:
        Producer(broker_connection).publish(
            body,
            routing_key=properties.get("queue", "celery"),
            serializer=properties.get("serializer", "json"),
            headers={"id": task_id, "task": name, **headers},
        )


def headers_in(broker, queue):
    with broker.client(db=1) as client:
        messages = client.lrange(queue, 0, -1)
    return [json.loads(message)["headers"] for message in reversed(messages)]
