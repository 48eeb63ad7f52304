"""``python -m celery_task_tracker_module``: the line for redis.conf that loads the module."""

import argparse

from . import __version__, loadmodule, path


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m celery_task_tracker_module",
        description="Prints the line for redis.conf or valkey.conf that loads the tracker module.",
    )
    parser.add_argument("--path", action="store_true", help="print the module's path alone")
    parser.add_argument("--version", action="version", version=__version__)
    options = parser.parse_args()
    print(path() if options.path else loadmodule())


if __name__ == "__main__":
    main()
