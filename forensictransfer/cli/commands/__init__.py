"""The commands, one module each: `add(subparsers)` says what a command takes, `run(arguments)` does it."""
