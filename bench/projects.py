#!/usr/bin/env python3
"""Fetches source distributions from PyPI, checks them, and counts findings by rule.

    bench/projects.py [--keep DIR] [--forklint EXE] [NAME[==VERSION]]...

Nothing of the projects is installed, imported or run: the archives are unpacked and read.
"""
import argparse, collections, json, pathlib, subprocess, sys, tarfile, tempfile, time, zipfile

PROJECTS = ["joblib", "loky", "mpire", "black", "sphinx", "celery", "billiard", "dask", "distributed", "datasets", "pebble", "luigi"]


def fetch(name, folder):
    """Downloads one source distribution and unpacks it below folder."""
    target = folder / name.replace("==", "-")
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as room:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", room, name],
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        archives = sorted(pathlib.Path(room).iterdir())
        if not archives:  # pip wants to run the project's build for its metadata, and that may fail: a wheel has the sources too
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", room, name], check=True, stdout=subprocess.DEVNULL)
            archives = sorted(pathlib.Path(room).iterdir())
        target.mkdir(parents=True)
        archive = archives[0]
        if archive.suffix in (".zip", ".whl"):
            zipfile.ZipFile(archive).extractall(target)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(target, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(target)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("projects", nargs="*", default=PROJECTS)
    parser.add_argument("--keep", type=pathlib.Path, help="where the sources are unpacked and stay")
    parser.add_argument("--forklint", default=str(root / "build" / "forklint"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="forklint-projects-") as room:
        folder = options.keep or pathlib.Path(room)
        total = collections.Counter()
        failed = False
        for name in options.projects or PROJECTS:
            sources = fetch(name, folder)
            start = time.perf_counter()
            done = subprocess.run([options.forklint, "check", "--no-config", "--output-format", "json", str(sources)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            seconds = time.perf_counter() - start
            if done.returncode not in (0, 1):
                print(f"{name:14} FAILED with status {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}")
                failed = True
                continue
            result = json.loads(done.stdout)
            counts = collections.Counter(f["code"] for f in result["findings"])
            total += counts
            print(f"{name:14} {result['files']['analysed']:5} files  {seconds:5.2f} s  {sum(counts.values()):4} findings  " + " ".join(f"{c}:{n}" for c, n in sorted(counts.items())))
        print(f"{'total':14} {sum(total.values())} findings  " + " ".join(f"{c}:{n}" for c, n in sorted(total.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
