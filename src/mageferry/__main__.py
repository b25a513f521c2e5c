"""`python -m mageferry`: the command line."""

from mageferry.cli.main import main

main()
