"""The picture of a run: plot.py FILE < rows. Dispatch and the three workloads; less is better."""
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot

COLOURS = {"ours": "#1b7f5c", "Pool": "#9aa5b1", "Executor": "#6b7c93", "loky": "#c9a227", "MPIRE": "#c0563b"}
LABELS = {"ours": "forklint (C++)", "Pool": "multiprocessing.Pool", "Executor": "ProcessPoolExecutor"}
DISPATCH = {"no-op tasks, map": "map", "no-op tasks, lazy unordered map": "lazy map", "the same map with chunk 1": "map,\nchunk 1", "one call and its result, p50": "one call"}


def bars(axes, title, unit, names, rows, peers):
    """Groups of bars, one for each name; what was not measured is left out."""
    known = {row["title"]: row for row in rows}
    who = ["ours", *peers]
    for i, name in enumerate(who):
        values = [known[row]["ours"] if name == "ours" else known[row]["peers"].get(name) for row in names]
        places = [at + (i - (len(who) - 1) / 2) * 0.8 / len(who) for at in range(len(names))]
        drawn = [(place, value) for place, value in zip(places, values) if value and value > 0]
        axes.bar([place for place, _ in drawn], [value for _, value in drawn], 0.8 / len(who), color=COLOURS[name], label=LABELS.get(name, name))
        for place, value in drawn:
            axes.annotate(f"{value:.0f}" if value >= 10 else f"{value:.1f}", (place, value), ha="center", va="bottom", fontsize=6.5)
    axes.set_xticks(range(len(names)), list(names.values()))
    axes.set_yscale("log")
    axes.set_ylabel(unit)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    given = json.load(sys.stdin)
    figure, (left, middle, right) = plot.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
    bars(left, "Dispatch of tasks that do nothing", "µs per task (log)", DISPATCH, given["rows"], given["peers"])
    work = ("convolution", "documents", "prediction")
    bars(middle, "MPIRE's workloads, wall time", "ms (log)", {f"{name}, wall": name for name in work}, given["rows"], given["peers"])
    bars(right, "The same, overhead: wall − computing ÷ workers", "ms (log)", {f"{name}, overhead": name for name in work}, given["rows"], given["peers"])
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    figure.savefig(sys.argv[1], dpi=110)


main()
