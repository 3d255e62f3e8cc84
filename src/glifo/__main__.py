"""`python -m glifo` is the command `glifo`."""

from glifo.cli import main

if __name__ == "__main__":
    main()
