"""What is measured: each function takes one group of rows, on a stage of its own."""

import os
import re
import statistics
import subprocess
import threading
import time

from brimbench.measure import (Row, megabytes, milliseconds, reads, take_turns)
from brimbench.stage import Failed, Stage, drop_pages, is_passed_through, set_read_ahead

GIB = 1 << 30
MIB = 1 << 20
DELAY = 0.020  # seconds, of the origin in the rows about latency


class Bench:
    def __init__(self, programs, scratch, quick):
        self.programs = programs
        self.scratch = scratch
        self.rounds = 3 if quick else 7
        self.size = GIB // 8 if quick else GIB
        self.huge = GIB if quick else 10 * GIB
        self.random_reads = 100_000 if quick else 400_000
        self.entries = 100_000 if quick else 1_000_000

    def stage(self):
        return Stage(self.scratch)

    def size_text(self):
        return f"{self.size // MIB} MiB" if self.size < GIB else f"{self.size // GIB} GiB"

    def huge_text(self):
        return f"{self.huge // GIB} GiB"

    def served_file(self, stage):
        """(URL, directory, name) of a file of random bytes behind nginx."""
        root = stage.directory()
        with open(root / "file", "wb") as out:
            for _ in range(self.size // MIB):
                out.write(os.urandom(MIB))
        return self.programs.nginx(stage, root), root, "file"

    def huge_origin(self, stage, *options):
        """The URL of our origin with the one file "huge"."""
        root = stage.directory()
        with open(root / "huge", "wb") as out:
            out.truncate(self.huge)
        return self.programs.origin(stage, "--root", root, *options)

    def filled_mount(self, stage, url, name, *options):
        """(process, path, backing file) of a mounted file that has been read once."""
        cache = stage.directory()
        process, mountpoint = self.programs.brimfs(stage, url, cache, *options)
        path = mountpoint / name
        self.programs.read_sequentially(path)
        backing = max((file for file in cache.rglob("*") if file.is_file()),
                      key=lambda file: file.stat().st_size)
        if backing.stat().st_size != self.size:
            raise Failed(f"no backing file of {self.size} bytes under the cache")
        return process, path, backing


def filled(bench):
    """Complete, opened again: the kernel's own speed, beside ext4 and rclone."""
    programs = bench.programs
    with bench.stage() as stage:
        url, _, name = bench.served_file(stage)
        process, path, backing = bench.filled_mount(stage, url, name)
        passed = is_passed_through(process, path)
        note = "passed through" if passed else "NOT passed through"
        _, rclone_mount = programs.rclone(stage, url, stage.directory())
        theirs = rclone_mount / name
        programs.read_sequentially(theirs)

        def fuse(read, path, *arguments):
            drop_pages(path)
            return read(path, *arguments)

        def compare(what, read, show, ours, few):
            # ext4 and rclone in runs of their own: what rclone leaves to do afterwards would fall
            # on whoever comes next in turn.
            for side, against, work, target in (
                    ("ext4", "the same file read directly from ext4",
                     lambda: read(backing, *ours), ">= 0.95"),
                    ("rclone", "rclone mount, filled", lambda: fuse(read, theirs, *few), "")):
                speed = take_turns({"ours": lambda: fuse(read, path, *ours), side: work},
                                   bench.rounds)
                yield from _beside(side, against, speed, what, target, show,
                                   note if target else "")

        yield from compare(f"{bench.size_text()} sequential, filled, reopened",
                           programs.read_sequentially, megabytes, (), ())
        yield from compare("random 4 KiB reads, filled, reopened", programs.read_randomly, reads,
                           (bench.random_reads,), (bench.random_reads // 10,))


def _beside(side, against, speed, what, target, show, note=""):
    yield Row(what, against, speed.ratio("ours", side), target,
              ours=show(speed.median("ours")), theirs=show(speed.median(side)), note=note)


def ordinary(bench):
    """Without passthrough, beside libfuse's splice, at two sizes of the kernel's readahead."""
    programs = bench.programs
    with bench.stage() as stage:
        url, _, name = bench.served_file(stage)
        _, path, backing = bench.filled_mount(stage, url, name, "passthrough=off")
        _, splice_mount = programs.splice_fs(stage, backing)
        theirs = splice_mount / "file"
        for kilobytes, target in ((1024, ">= 1.6"), (128, ">= 1.0")):
            def read(path):
                drop_pages(path)
                return programs.read_sequentially(path)

            set_read_ahead(path.parent, kilobytes)
            set_read_ahead(splice_mount, kilobytes)
            speed = take_turns({"ours": lambda: read(path), "splice": lambda: read(theirs)},
                               bench.rounds)
            yield from _beside(
                "splice", "libfuse's splice over the same file", speed,
                f"{bench.size_text()} sequential, filled, passthrough=off, FUSE pages dropped, "
                f"read_ahead_kb={kilobytes}", target, megabytes)


def cold(bench):
    """Nothing filled yet: beside curl to the same disk, and rclone."""
    programs = bench.programs
    with bench.stage() as stage:
        url, _, name = bench.served_file(stage)

        def mounted(mount):
            with bench.stage() as inner:
                _, mountpoint = mount(inner, url, inner.directory())
                os.listdir(mountpoint)
                os.sync()
                return programs.read_sequentially(mountpoint / name)

        def curl():
            with bench.stage() as inner:
                target = inner.directory() / name
                os.sync()
                start = time.monotonic()
                subprocess.run(["curl", "-sSf", "-o", str(target), url + name], check=True)
                return bench.size / (time.monotonic() - start)

        speed = take_turns({"ours": lambda: mounted(programs.brimfs), "curl": curl,
                            "rclone": lambda: mounted(programs.rclone)}, bench.rounds)
        what = f"{bench.size_text()} sequential, nothing filled yet, nginx on loopback"
        yield from _beside("curl", "curl -o of the same file to the same disk", speed, what,
                           ">= 0.9", megabytes)
        yield from _beside("rclone", "rclone mount, nothing filled", speed, what, "", megabytes)


def _round_trips(what, seconds, note=""):
    """A latency as a multiple of the delay."""
    median = statistics.median(seconds)
    return Row(what, "one round trip of the delay", median / DELAY, "<= 1.3",
               ours=milliseconds(median), theirs=milliseconds(DELAY), note=note)


def _latency(bench, measure):
    """What `measure(stage, url, path)` gives in a fresh mount each time, but for the first."""
    results = []
    with bench.stage() as stage:
        url = bench.huge_origin(stage, "--delay-ms", int(DELAY * 1000))
        for _ in range(bench.rounds + 1):
            with bench.stage() as inner:
                _, mountpoint = bench.programs.brimfs(inner, url, inner.directory())
                subprocess.run(["ls", "-l", str(mountpoint)], check=True, capture_output=True)
                results.append(measure(inner, url, mountpoint / "huge"))
    return results[1:]


def first_bytes(bench):
    """One small read of a file that was only listed."""
    yield _round_trips(
        "first 4 KiB of a file never touched, origin with 20 ms delay, after ls -l",
        _latency(bench, lambda stage, url, path: bench.programs.read_at(path, 0, 4096)))


def tail(bench):
    """A demand read overtakes a sequential one; curl asks the same origin under the same load."""
    def measure(stage, url, path):
        bench.programs.keep_reading(stage, path)
        time.sleep(1)  # until its readahead is as wide as it gets
        ours = bench.programs.read_at(path, bench.huge - 4096, 4096)
        return ours, bench.programs.curl_range(f"{url}huge", bench.huge - 8192, 4096)

    seconds = _latency(bench, measure)
    curl = statistics.median(theirs for _, theirs in seconds)
    yield _round_trips(
        f"last 4 KiB of {bench.huge_text()} while the whole is being read sequentially",
        [ours for ours, _ in seconds],
        f"curl beside it: {milliseconds(curl)}")


def wait_range(bench):
    """The price of a wait whose bytes are there."""
    for name, nanoseconds in bench.programs.micro_benchmark("wait_range_bench").items():
        call, threads = re.fullmatch(r"(\w+)/threads:(\d+)", name).groups()
        if call == "CoveredWaitRange":
            yield Row(f"covered WaitRange, threads: {threads}, processor time a call", "",
                      nanoseconds, "< 50 ns", unit="ns")


def memory(bench):
    """What the daemon holds while it reads a file far larger than any budget."""
    budget = 256 * MIB
    for driver, allowance in (("mmap", 0), ("memory", budget)):
        with bench.stage() as stage:
            url = bench.huge_origin(stage)
            process, mountpoint = bench.programs.brimfs(
                stage, url, stage.directory(), f"driver={driver}", f"memory={budget}")
            peak = peak_memory(process, lambda: bench.programs.read_sequentially(
                mountpoint / "huge"))
        what = f"memory while reading {bench.huge_text()}, driver={driver}"
        beyond = " beyond the budget" if allowance else ""
        for held, limit in (("RssAnon + RssShmem", 96), ("VmRSS", 256)):
            yield Row(f"{what}: {held}{beyond}", "", (peak[held] - allowance) / MIB,
                      f"< {limit} MiB", unit="MiB", ours=f"{peak[held] / MIB:.0f} MiB")


def peak_memory(process, work):
    peak = {"RssAnon + RssShmem": 0, "VmRSS": 0}
    done = threading.Event()

    def sample():
        while not done.wait(0.02):
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                held = {line.split(":")[0]: int(line.split()[1]) * 1024
                        for line in status if line.startswith(("Rss", "VmRSS"))}
            peak["VmRSS"] = max(peak["VmRSS"], held["VmRSS"])
            peak["RssAnon + RssShmem"] = max(peak["RssAnon + RssShmem"],
                                           held["RssAnon"] + held["RssShmem"])

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        work()
    finally:
        done.set()
        sampler.join()
    return peak


GROUPS = {
    "filled": filled,
    "ordinary": ordinary,
    "cold": cold,
    "first": first_bytes,
    "tail": tail,
    "wait": wait_range,
    "memory": memory,
}
