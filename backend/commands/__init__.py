"""The subcommands of `python -m backend`: one small module each, with `add_parser(subparsers)`.

A module imports what is heavy only when its command runs, so that `--help` answers at once.
"""
