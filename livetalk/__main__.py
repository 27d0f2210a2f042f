"""`python -m livetalk` is the `livetalk` command; nothing else lives here."""

from livetalk.cli import main

if __name__ == "__main__":
    main()
