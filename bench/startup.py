"""Opening the door: `import solvent`, `solvent --help` and `solvent runs`, beside bare Python and its own modules.

python bench/startup.py [ROUNDS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from timing import in_turn, python, report, seconds

MODULES = "import json, dataclasses, typing, pathlib, hashlib"
COUNT = "import sys; before = set(sys.modules); import solvent; print(*sorted(set(sys.modules) - before))"


def main() -> None:
    """Measure and report."""
    rounds = next((int(word) for word in sys.argv[1:] if word.isdigit()), 15)
    command = Path(python()).parent / "solvent"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "flow.py").write_text(
            "import solvent as sv\n\n@sv.step\ndef one() -> int:\n    return 1\n\n"
            "@sv.pipeline\ndef flow() -> int:\n    return one()\n"
        )
        subprocess.run([python(), "-c", "import flow, solvent; solvent.run(flow.flow)"], cwd=folder, check=True)
        found = in_turn(
            {
                "python -c pass": lambda _: seconds([python(), "-c", "pass"], folder),
                "import json, dataclasses, …": lambda _: seconds([python(), "-c", MODULES], folder),
                "import solvent": lambda _: seconds([python(), "-c", "import solvent"], folder),
                "solvent --help": lambda _: seconds([command, "--help"], folder),
                "solvent runs": lambda _: seconds([command, "runs"], folder),
            },
            rounds,
        )
        report("Starting, against bare Python", found, "python -c pass", "ms", 1000)
        report("Starting, against five modules of Python's own", found, "import json, dataclasses, …", "ms", 1000)
        modules = subprocess.run([python(), "-c", COUNT], capture_output=True, text=True, check=True).stdout.split()
    print(f"import solvent adds {len(modules)} modules: {' '.join(modules)}")


if __name__ == "__main__":
    main()
