"""How long `python -c "import glifo; glifo.read(...)"` takes on one glyph: whole processes, timed from outside.

    python benchmarks/reading_time.py

Uses the shipped model and a drawn "3"; writes benchmarks/results/reading_time.json.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

RESULT = Path(__file__).parent / "results" / "reading_time.json"
READ = 'import glifo, sys; print(glifo.read(sys.argv[1], as_="glyph").text); assert "torch" not in sys.modules'
NOTHING = "pass"
ROUNDS = 15


def seconds(script: str, *arguments: str) -> float:
    """Wall seconds of a Python process from start to exit."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    from glifo.files import write_json
    from glifo.runs import describe_environment

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "three.png")
        cv2.imwrite(path, cv2.putText(np.full((200, 200), 235, np.uint8), "3", (50, 160), 0, 5, 40, 9, cv2.LINE_AA))
        seconds(READ, path)
        rounds = [{"read_s": seconds(READ, path), "empty_python_s": seconds(NOTHING)} for _ in range(ROUNDS)]
    environment = describe_environment(0)
    result = {
        "format_version": 1,
        "command": "python benchmarks/reading_time.py",
        "what": 'whole process of python -c "import glifo; glifo.read(one glyph)", wall seconds; torch is not imported',
        "hardware": environment["hardware"],
        "versions": environment["versions"],
        "num_rounds": ROUNDS,
    }
    for name in ("read_s", "empty_python_s"):
        values = [each[name] for each in rounds]
        result[name] = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    write_json(RESULT, result)
    print(json.dumps({"read_s": result["read_s"], "empty_python_s": result["empty_python_s"]}, indent=1))


if __name__ == "__main__":
    main()
