"""The comparison with the peers as a picture."""

import textwrap

PEERS = {"rclone": "#4c78a8", "s3fs": "#e45756", "httpdirfs": "#72b7b2"}
OURS = "#54a24b"


def _peer(row):
    return next((name for name in PEERS if row.against.startswith(name)), None)


def _speeds(rows):
    """What → peer → how many times as fast brimfs is."""
    speeds = {}
    for row in rows:
        if _peer(row) and not row.peers and row.figure:
            speeds.setdefault(row.what, {})[_peer(row)] = row.figure
    return speeds


def _bars(axes, groups, colours, show):
    """One group of bars for each of `groups`, from above: name → value."""
    labels, at = [], 0.0
    for what, values in groups.items():
        first = at
        for name, value in values.items():
            axes.barh(at, value, 0.8, color=colours[name])
            axes.annotate(show(value), (value, at), (3, 0), textcoords="offset points",
                          va="center", fontsize=7)
            at += 1
        labels.append(((first + at - 1) / 2, textwrap.fill(what, 44)))
        at += 0.7
    axes.set_yticks([place for place, _ in labels], [text for _, text in labels], fontsize=7)
    axes.tick_params(axis="x", labelsize=7)
    axes.invert_yaxis()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def draw(rows, versions, path):
    """Writes an SVG."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "brimfs"})
    from matplotlib import patches, pyplot, ticker

    speeds = _speeds(rows)
    wrong = {row.what.partition("server that ")[2]:
             {"brimfs": row.figure or 0, **row.peers} for row in rows if row.peers}
    heights = [sum(len(values) + 0.7 for values in group.values()) or 1
               for group in (speeds, wrong)]
    figure, (fast, right) = pyplot.subplots(
        2, 1, figsize=(8, 1.4 + 0.17 * sum(heights)), height_ratios=heights,
        layout="constrained")
    _bars(fast, speeds, PEERS, lambda value: f"{value:.1f} ×")
    fast.set_xscale("log")
    fast.xaxis.set_major_formatter(ticker.ScalarFormatter())
    fast.axvline(1, color="black", linewidth=0.8)
    fast.set_title("How many times as fast as the other brimfs is", fontsize=9, loc="left")
    _bars(right, wrong, {"brimfs": OURS, **PEERS}, lambda value: f"{value:.0f}")
    right.set_title("Reads with wrong bytes and no error, of 22, where the server …",
                    fontsize=9, loc="left")
    right.legend(
        handles=[patches.Patch(color=colour, label=f"{name} {versions.get(name, '')}".strip())
                 for name, colour in {"brimfs": OURS, **PEERS}.items()],
        fontsize=7, frameon=False, loc="lower right")
    figure.savefig(path, metadata={"Date": None})
