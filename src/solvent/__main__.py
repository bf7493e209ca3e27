"""``python -m solvent`` is the command ``solvent``."""

from solvent.faces.cli import main

if __name__ == "__main__":
    main()
