"""`python -m tradewind_host`: the command line without its script."""

from tradewind_host.cli import main

main()
