#!/usr/bin/env python3
"""Fetches source distributions from PyPI, checks them, and counts findings by rule.

    bench/projects.py [--keep DIR] [--forklint EXE] [NAME[==VERSION]]...

Nothing of the projects is installed, imported or run: the archives are unpacked and read.
"""
import argparse, collections, html, io, json, os, pathlib, re, subprocess, sys, tarfile, tempfile, time, urllib.parse, urllib.request, zipfile

PROJECTS = ["joblib", "loky", "mpire", "black", "sphinx", "celery", "billiard", "dask", "distributed", "datasets", "pebble", "luigi"]


def index_address():
    """Where pip would look: its settings, else what it has built in."""
    if told := os.environ.get("PIP_INDEX_URL"):
        return told
    told = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
    if told:
        return told
    from pip._internal.models.index import PyPI
    return PyPI.simple_url


def archive_of(index, name, version):
    """Address of the newest source distribution (or of that version's): pip itself would run the project's build to name it."""
    page = urllib.parse.urljoin(index.rstrip("/") + "/", name + "/")
    with urllib.request.urlopen(page, timeout=60) as answer:
        links = re.findall(r'<a[^>]*href="([^"]+)"[^>]*>([^<]+)</a>', answer.read().decode())
    found = [(text.strip(), html.unescape(address)) for address, text in links if text.strip().endswith((".tar.gz", ".zip"))]
    plain = [(text, address) for text, address in found if re.fullmatch(r".*-\d+(\.\d+)*(\.tar\.gz|\.zip)", text)]
    if version:
        plain = [(text, address) for text, address in found if re.fullmatch(rf".*-{re.escape(version)}(\.tar\.gz|\.zip)", text)]
    if not plain:
        raise SystemExit(f"{name}: the index has no source distribution")
    number = lambda text: [int(part) for part in re.search(r"-(\d+(?:\.\d+)*)\.(?:tar\.gz|zip)$", text)[1].split(".")] if not version else []
    text, address = max(plain, key=lambda it: number(it[0]))
    return text, urllib.parse.urljoin(page, address)


def fetch(name, folder, index):
    """Downloads one source distribution and unpacks it below folder. Nothing of it runs."""
    target = folder / name.replace("==", "-")
    if target.exists():
        return target
    project, _, version = name.partition("==")
    text, address = archive_of(index, project, version)
    with urllib.request.urlopen(address, timeout=300) as answer:
        archive = io.BytesIO(answer.read())
    target.mkdir(parents=True)
    if text.endswith(".zip"):
        zipfile.ZipFile(archive).extractall(target)
    else:
        with tarfile.open(fileobj=archive) as tar:
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
        index = index_address()
        for name in options.projects or PROJECTS:
            sources = fetch(name, folder, index)
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
