#!/usr/bin/env python3
"""Seeds for the fuzz targets, made from the fixtures: seeds.py TARGET FOLDER [FORKLINT].

Nothing of them is kept in the repository. FORKLINT is the program that prints the seeds of `facts`.
"""
import json, pathlib, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = """select = ["PSM101", "launch"]
ignore = ["PSM2"]
start-method = ["fork", "spawn"]
target-python = "3.9-3.14"
platform = ["linux"]
severity = "warning"
exclude = ["a/*", "!b"]
max-file-size = "1k"
output-format = "json"
[per-file-ignores]
"tests/*" = ["ALL"]
"""


def programs():
    return sorted(path for path in (ROOT / "fixtures").rglob("*.py"))


def notebook(path):
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": part} for part in (lines[:8], "".join(lines[8:]))]
    cells.insert(1, {"cell_type": "markdown", "metadata": {}, "source": ["%time é\n"]})
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def seeds(target, forklint):
    if target in ("python", "rules"):
        return [path.read_bytes() for path in programs()]
    if target == "notebook":
        return [notebook(path) for path in programs()[::10]]
    if target in ("facts", "binary"):
        changes = {"facts": b"", "binary": bytes([2, 9, 0, 0, 1, 70, 1, 0, 255])}[target]
        return [changes + subprocess.run([forklint, "facts", path], capture_output=True, check=True).stdout for path in programs()[::10]] if forklint else []
    if target == "outline":
        return [path.read_bytes() for path in sorted((ROOT / "fixtures").rglob("*.c*")) if path.suffix in (".c", ".cpp")]
    if target == "config":
        files = [path.read_bytes() for path in sorted((ROOT / "fixtures").rglob("*.toml"))]
        return files + [CONFIG.encode(), ("[tool.forklint]\n" + CONFIG).replace("[per-", "[tool.forklint.per-").encode()]
    return []


def main():
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target, sys.argv[3] if len(sys.argv) > 3 else None)):
        (folder / f"seed-{number}").write_bytes(seed)


main()
