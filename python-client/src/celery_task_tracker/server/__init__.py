"""Talking to Redis: URLs and connections, the words of TRACKER.* commands, errors."""
