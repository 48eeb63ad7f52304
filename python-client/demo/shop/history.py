"""The tasks of the past days, stored as their workers would have recorded them.

Nothing runs here: each task is made up, and its events are written in large packets.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import chain, count, islice

from django.conf import settings

from celery_task_tracker.recording.overview import overviews_of
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.writes import Event

from .models import Customer, Order, Product, Warehouse

#: How many events go to Redis in one packet.
PACKET = 2000

#: Of how many orders one has no tasks: it came from the old shop.
WITHOUT_TASKS = 16

#: The time before now, in hours, in which the payment gateway hardly answered.
OUTAGE = (7, 6)

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000

WORKERS = ("shop@web-1", "shop@web-2", "shop@packing-1")

#: The worker of a machine that goes away in the middle of its work now and then.
LOST_WORKER = "shop@packing-2"


@dataclass
class Run:
    """One run of a task, from its message to its end. Times are unix milliseconds."""

    task: str
    objects: Sequence[ObjectRef]
    at: int
    """When its message was sent."""

    args: Sequence = ()
    kwargs: dict = field(default_factory=dict)
    wait: int = 0
    takes: int = SECOND
    end: str = "SUCCESS"
    """Its last state."""

    told: dict = field(default_factory=dict)
    """Fields that come with the last state."""

    retries: Sequence[tuple[int, dict]] = ()
    """For each attempt that failed before: how long the next one waits, and what it told."""

    worker: str = WORKERS[0]
    queue: str = "celery"
    id: str = ""
    root: str = ""
    parent: str = ""
    group: str = ""

    @property
    def over(self) -> int:
        pauses = sum(pause + self.takes for pause, _told in self.retries)
        return self.at + self.wait + pauses + self.takes

    def events(self) -> Iterator[Event]:
        origin = {"root_id": self.root or self.id, "parent_id": self.parent, "group_id": self.group}
        call = {
            "objects": json.dumps(list(self.objects)),
            "args": json.dumps(self.args),
            "kwargs": json.dumps(self.kwargs),
            "queue": self.queue,
            "replayable": "1",
            **{name: value for name, value in origin.items() if value},
        }
        yield self._event("PENDING", 0, self.at, call)
        begin = self.at + self.wait
        for attempt, (pause, told) in enumerate(self.retries, 1):
            failed = begin + self.takes
            begin = failed + pause
            earlier = {"begin": failed - self.takes, "end": failed, "worker": self.worker, **told}
            fields = {
                **call,
                f"attempt_{attempt - 1}": json.dumps(earlier),
                **{f"retry_{name}": value for name, value in told.items()},
                "eta": _iso(begin),
            }
            yield self._event("RETRY", attempt, failed, fields)
        last = len(self.retries)
        if self.end == "PENDING":
            return
        if self.end == "STARTED":
            yield self._event("STARTED", last, begin, {"worker": self.worker, **self.told})
            return
        yield self._event("STARTED", last, begin, {"worker": self.worker})
        yield self._event(self.end, last, begin + self.takes, self.told)

    def _event(self, state: str, attempt: int, at: int, fields: dict) -> Event:
        name = f"shop.tasks.{self.task}"
        objects = tuple(self.objects)
        overviews = overviews_of(name, objects)
        return Event(
            *(objects, self.id, name, state, attempt, at, fields), run=self.at, overviews=overviews
        )


def is_there() -> bool:
    """Whether the oldest orders have tasks already."""
    orders = Order.objects.order_by("pk").values_list("pk", flat=True)[:WITHOUT_TASKS]
    replies = get_client().stats_of_each([ObjectRef("shop.order", str(pk)) for pk in orders])
    return any(json.loads(reply)["total"] for reply in replies)


class History:
    """Makes up ``records`` records of tasks of the shop's objects."""

    def __init__(self, chance, now: datetime) -> None:
        self._chance = chance
        self._now = _ms(now)
        self._customers = list(Customer.objects.values_list("pk", flat=True))
        self._products = list(Product.objects.values_list("pk", flat=True))
        self._warehouses = list(Warehouse.objects.values_list("pk", flat=True))
        self._orders = list(
            Order.objects.order_by("pk").values_list(
                "pk", "placed_at", "customer__email", "customer__is_member"
            )
        )
        chance.shuffle(self._orders)

    def write(self, records: int, tell: Callable[[int], None]) -> None:
        """Stores them. ``tell`` is called with the number of records after every packet."""
        # A packet of this size may take longer than the timeout of the package.
        client = TrackerClient(settings.CELERY_TASKTRACKER_REDIS_URL, 5, 60)
        runs = islice(self._runs(), records)
        for done in count(1):
            packet = list(islice(runs, PACKET // 4))
            if not packet:
                return
            undone = client.write([event for run in packet for event in run.events()])
            for _event, reason in undone:
                raise reason
            tell(min(records, done * PACKET // 4))

    def _runs(self) -> Iterator[Run]:
        """Without an end: first what every order goes through, then what comes up later."""
        with_tasks = [order for n, order in enumerate(self._orders) if n % WITHOUT_TASKS]
        stories = chain.from_iterable(self._story(*order) for order in with_tasks)
        later = (self._later(*with_tasks[n % len(with_tasks)]) for n in count())
        for run in chain(stories, later):
            if run.over < self._now or run.end in ("PENDING", "STARTED"):
                yield run

    def _story(self, pk: int, placed_at: datetime, email: str, is_member: bool) -> Iterator[Run]:
        placed = _ms(placed_at)
        of_order = [ObjectRef("shop.order", str(pk))]
        group = self._id()
        address = self._run("validate_address", of_order, placed, [pk], group=group, takes=400)
        if self._chance.random() < 0.04:
            address.kwargs, address.end = {"country": "AQ"}, "REJECTED"
        else:
            address.told = _result({"valid": True, "country": "DE"})
        yield address
        fraud = self._run("check_fraud", of_order, placed, [pk], group=group, takes=800)
        self._end(fraud, 0.06, DIVISION, {"score": round(self._chance.random(), 3)})
        yield fraud
        yield from self._payment(pk, of_order, max(address.over, fraud.over) + SECOND, email)
        points = self._run("notify_loyalty_program", of_order, placed + MINUTE, [pk], takes=500)
        if is_member:
            points.told = _result({"points": 120})
        else:
            points.end = "IGNORED"
        yield points
        yield self._courier(pk, of_order, placed + self._between(1, 3) * HOUR)
        yield self._archive(pk, of_order, placed + 4 * HOUR)

    def _payment(self, pk: int, of_order, at: int, email: str) -> Iterator[Run]:
        """A chain: what follows is sent only after success."""
        payment = self._run("process_payment", of_order, at, [], {"order_id": pk})
        payment.takes = self._between(800, 3000)
        before, after = (self._now - hours * HOUR for hours in OUTAGE)
        is_outage = before < at < after
        if is_outage:
            payment.takes = 10 * SECOND
        paid = {"charged": f"{self._between(1800, 30_000) / 100:.2f}", "currency": "EUR"}
        self._end(payment, 0.6 if is_outage else 0.02, self._gateway(), paid)
        yield payment
        if payment.end != "SUCCESS":
            return
        invoice = self._run("generate_invoice", of_order, payment.over, [pk])
        invoice.root = invoice.parent = payment.id
        invoice.takes = self._between(20, 45) * SECOND
        if self._now - 24 * HOUR < invoice.at and self._chance.random() < 0.12:
            invoice.end, invoice.worker = "STARTED", LOST_WORKER
            page = self._between(3, 27)
            invoice.told = {
                "alive_at": _iso(invoice.at + invoice.wait + page * SECOND),
                "progress": json.dumps({"current": page, "total": 30, "message": "pages rendered"}),
            }
            yield invoice
            return
        self._end(invoice, 0.02, DEADLOCK, {"invoice": f"2026-{pk:05d}", "pages": 30})
        yield invoice
        if invoice.end != "SUCCESS":
            return
        mail = self._run("send_confirmation_email", of_order, invoice.over, [pk], {"to": email})
        mail.root, mail.parent, mail.takes = payment.id, invoice.id, 600
        mail.retries = [(8 * SECOND, _failure(*RESET))]
        mail.told = _result({"sent_to": email, "message_id": f"<{mail.id}@shop.example>"})
        if self._chance.random() < 0.03:
            refused = ("SMTPRecipientsRefused", f"550 5.1.1 <{email}>: user unknown")
            mail.end, mail.told = "FAILURE", _failure(*refused)
        yield mail

    def _courier(self, pk: int, of_order, at: int) -> Run:
        courier = self._run("book_courier", of_order, at, [pk], takes=1200)
        if self._chance.random() < 0.1:
            told = _failure("CourierUnavailable", f"No courier free for order {pk} before Monday")
            courier.retries = [(6 * SECOND, told), (12 * SECOND, told)]
            courier.end, courier.told = "FAILURE", told
        else:
            courier.told = _result({"courier": "Rad & Tat", "tracking": self._id()[:8].upper()})
        return courier

    def _archive(self, pk: int, of_order, at: int) -> Run:
        """It was sent with a delay of a day, so that some still wait."""
        archive = self._run("archive_order", of_order, at, [pk])
        due = at + 24 * HOUR
        archive.wait = 24 * HOUR
        if due > self._now:
            archive.end = "PENDING" if at < self._now else "SUCCESS"
        elif self._chance.random() < 0.02:
            archive.end, archive.takes = "REVOKED", 1
        archive.told = (
            _result({"archived": True, "originals": "kept"}) if archive.end == "SUCCESS" else {}
        )
        return archive

    def _later(self, pk: int, placed_at: datetime, email: str, _is_member: bool) -> Run:
        """Something that comes up again and again."""
        at = self._between(_ms(placed_at), self._now)
        of_order = [ObjectRef("shop.order", str(pk))]
        kind = self._chance.random()
        if kind < 0.04:
            return self._newsletter(at)
        if kind < 0.1:
            return self._restock(at)
        if kind < 0.8:
            index = self._run("refresh_search_index", of_order, at, [pk], takes=200)
            self._end(index, 0.02, self._search(), None)
            return index
        if kind < 0.9:
            fraud = self._run("check_fraud", of_order, at, [pk], {"threshold": 0.6}, takes=800)
            self._end(fraud, 0.06, DIVISION, {"score": round(self._chance.random(), 3)})
            return fraud
        mail = self._run("send_confirmation_email", of_order, at, [pk], {"to": email}, takes=600)
        self._end(mail, 0.01, KILLED, {"sent_to": email})
        return mail

    def _newsletter(self, at: int) -> Run:
        customer = self._chance.choice(self._customers)
        of_customer = [ObjectRef("shop.customer", str(customer))]
        kwargs = {"api_key": "[redacted]"}
        newsletter = self._run("send_newsletter", of_customer, at, [customer], kwargs, takes=700)
        self._end(newsletter, 0.02, RESET, "sent")
        return newsletter

    def _restock(self, at: int) -> Run:
        warehouse = self._chance.choice(self._warehouses)
        product = self._chance.choice(self._products)
        objects = [
            ObjectRef("shop.warehouse", str(warehouse)),
            ObjectRef("shop.product", str(product)),
        ]
        kwargs = {"product_id": product}
        restock = self._run("restock_product", objects, at, [warehouse], kwargs, takes=1800)
        self._end(restock, 0.02, DEADLOCK, {"added": 20})
        return restock

    def _run(self, task: str, objects, at: int, args, kwargs=None, **more) -> Run:
        return Run(
            task,
            objects,
            at,
            args,
            kwargs or {},
            wait=self._between(5, 900),
            worker=self._chance.choice(WORKERS),
            id=self._id(),
            **more,
        )

    def _end(self, run: Run, risk: float, failure: tuple[str, str], result) -> None:
        """It fails with a probability of ``risk``."""
        if self._chance.random() < risk:
            run.end, run.told = "FAILURE", _failure(*failure)
        else:
            run.told = _result(result)

    def _gateway(self) -> tuple[str, str]:
        request = f"{self._chance.getrandbits(32):08x}"
        message = f"acme-pay did not answer request {request} within 10 s"
        return "PaymentGatewayTimeout", message

    def _search(self) -> tuple[str, str]:
        node = self._between(1, 3)
        return "ConnectionRefusedError", f"[Errno 111] Connection refused: search-{node}:9200"

    def _id(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _between(self, least: int, most: int) -> int:
        return self._chance.randint(least, max(least, most))


DIVISION = ("ZeroDivisionError", "division by zero")
DEADLOCK = ("OperationalError", "deadlock detected: process 4711 waits for ShareLock")
RESET = ("ConnectionResetError", "[Errno 104] Mail server closed the connection")
KILLED = ("WorkerLostError", "Worker exited prematurely: signal 9 (SIGKILL)")


def _result(value) -> dict:
    return {} if value is None else {"result": json.dumps(value)}


def _failure(exception: str, error: str) -> dict:
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "/srv/shop/tasks.py", line 42, in run\n'
        "    return self.step(order)\n"
        "           ^^^^^^^^^^^^^^^^\n"
        f"{exception}: {error}\n"
    )
    return {"exception": exception, "error": error, "traceback": traceback}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _iso(ms: int) -> str:
    return (datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=ms)).isoformat()
