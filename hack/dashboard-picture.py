#!/usr/bin/env python3
"""Draws the chart's dashboard as one SVG from the data of a Prometheus, for docs/img/dashboard.svg.

    hack/dashboard-picture.py http://127.0.0.1:PORT MINUTES > docs/img/dashboard.svg

Grafana is not needed, and what comes out is no screenshot of it: the same panels, queries and places, drawn plainly.
"""

import datetime
import html
import json
import math
import pathlib
import sys
import time
import urllib.parse
import urllib.request

CELL, UNIT, HEAD, GAP = 52, 27, 62, 6  # pixels: width and height of Grafana's grid, title, between panels
WINDOW = "1m"
COLOURS = ["#3274d9", "#56a64b", "#e0752d", "#a352cc", "#e02f44", "#e0b400", "#19a5a5", "#8f3bb8", "#7c7c7c", "#b877d9"]


def query(base, expression, start, end):
    """The series of an expression: (labels, [(time, value)])."""
    step = max((end - start) / 240, 1)
    parameters = urllib.parse.urlencode({"query": expression, "start": start, "end": end, "step": step})
    with urllib.request.urlopen(f"{base}/api/v1/query_range?{parameters}", timeout=30) as answer:
        result = json.load(answer)["data"]["result"]
    return [
        (r["metric"], [(float(t), float(v)) for t, v in r["values"] if math.isfinite(float(v))])
        for r in result
    ]


def number(value, unit):
    """A value as it is written at an axis."""
    if unit == "percentunit":
        return f"{value * 100:.0f} %"
    if unit == "s":
        return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms" if value else "0"
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    return f"{value:.3g}" + (" /s" if unit == "reqps" and value else "")


def label(template, labels):
    for name, value in labels.items():
        template = template.replace("{{%s}}" % name, value)
    return template


def text(x, y, content, size=11, fill="#52545c", extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{fill}" {extra}>{html.escape(content)}</text>'


def frame(panel):
    g = panel["gridPos"]
    x, y = g["x"] * CELL + GAP / 2, HEAD + g["y"] * UNIT + GAP / 2
    w, h = g["w"] * CELL - GAP, g["h"] * UNIT - GAP
    return x, y, w, h, [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="3" fill="#fff" stroke="#d8d9dd"/>',
        text(x + 9, y + 18, panel["title"], 12.5, "#1f2126", 'font-weight="600"'),
    ]


def draw_stat(panel, series):
    x, y, w, h, out = frame(panel)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    value = number(series[0][1][-1][1], unit) if series and series[0][1] else "no data"
    out.append(text(x + w / 2, y + h / 2 + 22, value, 28, "#1a7f37", 'text-anchor="middle" font-weight="600"'))
    return out


def stacked(series):
    """The series on top of each other, by the time of their points."""
    base, out = {}, []
    for name, points in series:
        lower = [(t, base.get(t, 0)) for t, _ in points]
        upper = [(t, base.get(t, 0) + v) for t, v in points]
        base.update(dict(upper))
        out.append((name, lower, upper))
    return out


def legend(names, x, y, w):
    """Rows of names below a graph, as far as three rows reach; the rows, and how many were used."""
    out, row, at = [], 0, x
    for i, name in enumerate(names):
        short = name if len(name) < 30 else "…" + name[-22:]
        width = 20 + 6.1 * len(short)
        if at + width > x + w and at > x:
            row, at = row + 1, x
        if row > 2:
            out[-1] = (out[-1][0], out[-1][1], out[-1][2] + " …", out[-1][3])
            break
        out.append((at, row, short, COLOURS[i % len(COLOURS)]))
        at += width
    rows = out[-1][1] + 1 if out else 0
    drawn = []
    for at, row, name, colour in out:
        line = y - (rows - 1 - row) * 14
        drawn.append(f'<rect x="{at:.0f}" y="{line - 7:.0f}" width="10" height="3" fill="{colour}"/>')
        drawn.append(text(at + 14, line, name, 10))
    return drawn, rows


def draw_graph(panel, series, start, end):
    x, y, w, h, out = frame(panel)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    is_stack = "stacking" in panel["fieldConfig"]["defaults"].get("custom", {})
    if not series:
        return out + [text(x + w / 2, y + h / 2, "no data", 13, "#a0a0a0", 'text-anchor="middle"')]
    names, rows = legend([name for name, _ in series], x + 10, y + h - 9, w - 20)
    left, right, top, bottom = x + 56, x + w - 12, y + 32, y + h - 30 - rows * 14
    layers = stacked(series) if is_stack else [(n, None, p) for n, p in series]
    highest = max((v for _, _, points in layers for _, v in points), default=0) or 1

    def place(t, v):
        return f"{left + (t - start) / (end - start) * (right - left):.1f},{bottom - v / highest * (bottom - top):.1f}"

    for share in (0, 0.5, 1):
        line = bottom - share * (bottom - top)
        out.append(f'<path d="M{left:.0f} {line:.1f}H{right:.0f}" stroke="#ececee"/>')
        out.append(text(left - 5, line + 4, number(highest * share, unit), 10, extra='text-anchor="end"'))
    for share in (0, 0.5, 1) if w > 250 else (0, 1):
        at = datetime.datetime.fromtimestamp(start + share * (end - start), datetime.timezone.utc)
        anchor = ("start", "middle", "end")[int(share * 2)]
        out.append(text(left + share * (right - left), bottom + 14, at.strftime("%H:%M:%S"), 10, extra=f'text-anchor="{anchor}"'))
    step = (end - start) / 240
    for i, (_, lower, upper) in enumerate(layers):
        colour = COLOURS[i % len(COLOURS)]
        # A gap in the data is one in the line.
        run = []
        for j, point in enumerate(upper + [None]):
            if run and (point is None or point[0] - upper[j - 1][0] > 1.5 * max(step, 1)):
                line = " ".join(place(*upper[k]) for k in run)
                if lower is not None:
                    back = " ".join(place(*lower[k]) for k in reversed(run))
                    out.append(f'<polygon points="{line} {back}" fill="{colour}" fill-opacity=".25"/>')
                out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.4" stroke-linecap="round"/>')
                run = []
            run.append(j)
    return out + names


def main():
    base, minutes = sys.argv[1], float(sys.argv[2])
    folder = pathlib.Path(__file__).resolve().parent.parent / "charts/preview-operator/files"
    dashboard = json.loads((folder / "dashboard.json").read_text())
    end = time.time()
    start = end - minutes * 60
    height = HEAD + max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in dashboard["panels"]) * UNIT + GAP
    day = datetime.datetime.fromtimestamp(end, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{24 * CELL}" height="{height}" viewBox="0 0 {24 * CELL} {height}" font-family="sans-serif">',
        f'<rect width="{24 * CELL}" height="{height}" fill="#f4f5f5"/>',
        text(10, 26, "Preview Operator", 19, "#1f2126", 'font-weight="600"'),
        text(10, 46, f"The {minutes:.0f} minutes before {day} UTC: a run of the end-to-end suite on the local cluster. Drawn by "
             "hack/dashboard-picture.py from Prometheus' data for the chart's dashboard; not a screenshot of Grafana.", 11.5),
    ]
    for panel in dashboard["panels"]:
        series = []
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", WINDOW).replace("$__range", f"{int(minutes * 60)}s")
            for labels, points in query(base, expression, start, end):
                if points:
                    series.append((label(target["legendFormat"], labels), points))
        out += draw_stat(panel, series) if panel["type"] == "stat" else draw_graph(panel, series, start, end)
    print("\n".join(out + ["</svg>"]))


main()
