"""`python -m livetalk` is the `livetalk` command; nothing else lives here."""

from livetalk.cli.main import main

if __name__ == "__main__":
    main()
