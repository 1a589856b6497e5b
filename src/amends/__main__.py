"""`python -m amends` is the `amends` command."""

from amends.cli.main import main

if __name__ == "__main__":
    main()
