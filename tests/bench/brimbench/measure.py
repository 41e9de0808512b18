"""How figures are taken: every side warmed up once, then in turn, and the ratios pair by pair."""

import dataclasses
import statistics
from typing import Optional


@dataclasses.dataclass
class Row:
    """One line of the table. `figure` is what the target speaks of."""

    what: str
    against: str
    figure: Optional[float]  # None: not measured, `note` says why
    target: str = ""         # such as ">= 0.95"; empty: none
    unit: str = ""           # of the figure; empty: a ratio
    ours: str = ""           # the absolute figures, for readers
    theirs: str = ""
    note: str = ""
    group: str = ""
    peers: dict = dataclasses.field(default_factory=dict)  # name -> the same figure of another

    @property
    def met(self):
        if not self.target or self.figure is None:
            return None
        sign, limit = self.target.split()[:2]
        return {">=": self.figure >= float(limit), "<=": self.figure <= float(limit),
                "<": self.figure < float(limit)}[sign]


class Sides:
    """The rates of several sides that took turns."""

    def __init__(self, rates):
        self._rates = rates

    def median(self, side):
        return statistics.median(self._rates[side])

    def ratio(self, side, other):
        return statistics.median(
            a / b for a, b in zip(self._rates[side], self._rates[other]))


def take_turns(sides, rounds):
    """`sides`: name → function that does the work once and returns its rate."""
    for work in sides.values():
        work()
    rates = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            rates[name].append(work())
    return Sides(rates)


def per_second(amount, seconds):
    return amount / seconds


def megabytes(rate):
    return f"{rate / 1e6:,.0f} MB/s"


def reads(rate):
    return f"{rate:,.0f}/s"


def milliseconds(seconds):
    return f"{seconds * 1e3:.1f} ms"
