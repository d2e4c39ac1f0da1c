"""`python -m omnilive`: the command line without its script."""

from omnilive.cli import main

if __name__ == "__main__":
    main()
