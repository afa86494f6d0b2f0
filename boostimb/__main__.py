"""``python -m boostimb`` is the command line."""

from boostimb.cli import main

if __name__ == "__main__":
    main()
