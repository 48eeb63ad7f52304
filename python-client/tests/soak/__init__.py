"""Celery in trouble: thousands of tasks while workers, brokers and the tracker's Redis die.

The tasks themselves write down in a file what they did, and afterwards every record is compared
with it. ``make soak-celery`` runs it for minutes, and ``make test`` once, shortly.
"""
