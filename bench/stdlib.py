#!/usr/bin/env python3
"""Times forklint on a whole standard library, beside ruff on the same files in the same run.

    bench/stdlib.py [--library DIR] [--runs N] [--forklint EXE] [--ruff EXE]

Prints wall seconds and peak memory (median of N runs each, taken in turn) and the ratio pair by pair: machines are
noisy, ratios are not. Without --library the newest CPython 3.13 that can be found serves, without its site-packages.
"""
import argparse, os, pathlib, resource, shutil, statistics, subprocess, sys, tempfile, time


def library():
    candidates = sorted(pathlib.Path.home().glob(".pyenv/versions/3.13*/lib/python3.13")) + [pathlib.Path("/usr/lib/python3.13"), pathlib.Path(os.__file__).parent]
    return next(c for c in candidates if (c / "os.py").exists())


def run(command):
    """Wall seconds, peak resident MiB and exit status of one run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--library", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--forklint", default=str(root / "build" / "forklint"))
    parser.add_argument("--ruff", default=shutil.which("ruff"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="forklint-bench-") as room:
        tree = pathlib.Path(room, "library")
        shutil.copytree(options.library or library(), tree, ignore=shutil.ignore_patterns("site-packages", "__pycache__", "*.so", "*.a", "*.c", "*.cpp", "*.h"))
        files = [f for f in tree.rglob("*.py")]
        size = sum(f.stat().st_size for f in files)
        print(f"{len(files)} files, {size / 1e6:.1f} MB")
        commands = {"forklint": [options.forklint, "check", "--no-config", "--no-cache", "--quiet", str(tree)]}
        if options.ruff:
            commands["ruff"] = [options.ruff, "check", "--isolated", "--no-cache", "--quiet", "--select", "PLW1509,ASYNC2,S404", str(tree)]
        seen = {name: [] for name in commands}
        for _ in range(options.runs + 1):  # the first warms the page cache
            for name, command in commands.items():
                seen[name].append(run(command))
        for name, runs in seen.items():
            wall, memory, status = zip(*runs[1:])
            if any(s not in (0, 1) for s in status):
                print(f"{name}: failed, status {set(status)}")
                return 1
            print(f"{name:9} wall {statistics.median(wall):.2f} s (min {min(wall):.2f}, max {max(wall):.2f})   peak {max(memory):.0f} MiB")
        if "ruff" in seen:
            ratios = [a[0] / b[0] for a, b in zip(seen["forklint"][1:], seen["ruff"][1:])]
            print(f"ratio     forklint/ruff {statistics.median(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
