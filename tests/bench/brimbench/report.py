"""The figures as a table for people, as JSON for programs, and as a section of README.md."""

import dataclasses
import json

from brimbench.measure import Row

BEGIN = "<!-- bench: begin. Written by tests/bench/run --readme; do not edit. -->"
END = "<!-- bench: end -->"


def verdict(row):
    if row.figure is None:
        return "not measured"
    return {True: "met", False: "MISSED", None: ""}[row.met]


def figure(row):
    if row.figure is None:
        return "–"
    if row.unit:
        return f"{row.figure:.0f} {row.unit}"
    return f"{row.figure:.2f}"


def cells(row):
    return [row.what, row.against or "–", row.ours or "–", row.theirs or "–", figure(row),
            row.target.replace(">=", "≥").replace("<=", "≤") or "–",
            " ".join(filter(None, [verdict(row), f"({row.note})" if row.note else ""]))]


HEAD = ["what", "beside", "brimfs", "the other", "figure", "target", ""]


def text_table(rows):
    lines = [HEAD] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
        for line in lines)


def markdown_table(rows):
    lines = [HEAD, ["---"] * len(HEAD)]
    lines += [[cell.replace("|", "\\|") for cell in cells(row)] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def conditions(versions):
    return ", ".join(f"{name} {value}" for name, value in versions.items())


def to_json(rows, versions):
    return json.dumps({
        "versions": versions,
        "rows": [{**dataclasses.asdict(row), "met": row.met} for row in rows],
    }, indent=2, ensure_ascii=False) + "\n"


def from_json(path):
    """(rows, versions), as to_json wrote them."""
    read = json.loads(path.read_text(encoding="utf-8"))
    fields = {field.name for field in dataclasses.fields(Row)}
    rows = [Row(**{name: value for name, value in row.items() if name in fields})
            for row in read["rows"]]
    return rows, read["versions"]


def update_readme(readme, rows, versions):
    """Replaces what is between the two marks."""
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{readme}: no section between {BEGIN!r} and {END!r}")
    table = f"{markdown_table(rows)}\n\nMeasured on {conditions(versions)}."
    readme.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
