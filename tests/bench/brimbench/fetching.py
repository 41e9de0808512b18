"""Rows about fetching: an origin shaped to 20 ms and 40 MB/s a connection, 400 MB/s in total."""

import json
import os
import statistics
import subprocess
import time

from brimbench.measure import Row, megabytes, milliseconds, take_turns
from brimbench.stage import Failed, fetch

MIB = 1 << 20
DELAY = 0.020            # seconds
CONNECTION = 40_000_000  # bytes a second
TOTAL = 400_000_000
SHAPED = ("--delay-ms", str(int(DELAY * 1000)), "--bandwidth", str(CONNECTION),
          "--total-bandwidth", str(TOTAL))
BLOCK = 64 << 10
LINK = "20 ms, 40 MB/s a connection, 400 MB/s in total"


def _file(bench, stage, size):
    root = stage.directory()
    with open(root / "file", "wb") as out:
        out.truncate(size)
    return root


def _travelled(url):
    return json.loads(fetch(f"{url}_counters"))["body_bytes"]


def _cold(bench, url, work, mount=None):
    """What `work(mountpoint)` gives in a fresh mount of `url`."""
    with bench.stage() as inner:
        _, mountpoint = (mount or bench.programs.brimfs)(inner, url, inner.directory())
        os.listdir(mountpoint)
        return work(mountpoint)


def shaped(bench):
    """1 GiB over a shaped link, front to back: beside the link and the peers."""
    programs = bench.programs
    with bench.stage() as stage:
        url = programs.origin(stage, "--root", _file(bench, stage, bench.size), *SHAPED)

        def read(mount):
            return _cold(bench, url, lambda at: programs.read_sequentially(at / "file"), mount)

        speed = take_turns({"ours": lambda: read(programs.brimfs),
                            "rclone": lambda: read(programs.rclone)}, bench.rounds)
        what = f"{bench.size_text()} sequential, nothing filled yet, {LINK}"
        ours = speed.median("ours")
        yield Row(what, "the link", ours / TOTAL, ">= 0.9", ours=megabytes(ours),
                  theirs=megabytes(TOTAL))
        yield Row(what, "rclone mount", speed.ratio("ours", "rclone"), ">= 2",
                  ours=megabytes(ours), theirs=megabytes(speed.median("rclone")))
        try:
            peer = take_turns({"ours": lambda: read(programs.brimfs),
                               "httpdirfs": lambda: read(programs.httpdirfs)}, min(3, bench.rounds))
        except Failed as error:
            yield Row(what, "httpdirfs", None, ours=megabytes(ours), note=f"it ended: {error}")
            return
        yield Row(what, "httpdirfs", peer.ratio("ours", "httpdirfs"), ">= 2",
                  ours=megabytes(peer.median("ours")), theirs=megabytes(peer.median("httpdirfs")))


def random_latency(bench):
    """Small reads at random places, nothing filled: one round trip each."""
    with bench.stage() as stage:
        url = bench.huge_origin(stage, *SHAPED)
        for readers in (1, 16):
            def read(mountpoint, readers=readers):
                return bench.programs.read_pattern(
                    "random", mountpoint / "huge", 100 * readers, 4096, 4096, readers)[1]
            _cold(bench, url, read)
            median = statistics.median(_cold(bench, url, read))
            yield Row(f"random 4 KiB, nothing filled yet, readers: {readers}: median latency",
                      "one round trip", median / DELAY, "<= 1.15", ours=milliseconds(median),
                      theirs=milliseconds(DELAY))


def economy(bench):
    """Bytes that travel for bytes that are wanted."""
    with bench.stage() as stage:
        url = bench.huge_origin(stage)

        def cost(wanted, *pattern):
            before = _travelled(url)
            _cold(bench, url, lambda at: bench.programs.read_pattern(
                pattern[0], at / "huge", *pattern[1:]))
            return (_travelled(url) - before) / wanted

        count = 500
        for what, target, wanted, pattern in (
                ("random 64 KiB, aligned", "<= 1.1", count * BLOCK,
                 ("random", count, BLOCK, BLOCK, 1)),
                ("random 64 KiB, unaligned", "<= 2", count * BLOCK,
                 ("random", count, BLOCK, 4096, 1)),
                ("one byte of random mapped pages, of 64 KiB each", "<= 2", count * BLOCK,
                 ("mmap", count))):
            yield Row(f"bytes fetched / bytes wanted: {what}", "", cost(wanted, *pattern), target)


def streams(bench):
    """Patterns that are not front to back, against what the link or the round trips allow."""
    programs = bench.programs
    count, stride = 512, MIB
    with bench.stage() as stage:
        url = programs.origin(
            stage, "--root", _file(bench, stage, count * stride), *SHAPED)

        def rate(*pattern):
            def read(mountpoint):
                whole, each = programs.read_pattern(pattern[0], mountpoint / "file", *pattern[1:])
                return len(each) * pattern[2] / whole
            return statistics.median(_cold(bench, url, read) for _ in range(3))

        # Sixteen connections, a round trip and a block's time each.
        strided_limit = 16 * BLOCK / (DELAY + BLOCK / CONNECTION)
        ours = rate("strided", count, BLOCK, stride)
        yield Row("64 KiB every 1 MiB, nothing filled yet", "16 connections' round trips",
                  ours / strided_limit, ">= 0.8", ours=megabytes(ours),
                  theirs=megabytes(strided_limit))
        ours = rate("streams", count * stride // BLOCK, BLOCK, 2)
        yield Row("two interleaved streams on one descriptor, nothing filled yet", "the link",
                  ours / TOTAL, ">= 0.8", ours=megabytes(ours), theirs=megabytes(TOTAL))


def small_files(bench):
    """1,000 files of 64 KiB, copied by cp -r."""
    programs = bench.programs
    with bench.stage() as stage:
        root = stage.directory()
        content = os.urandom(BLOCK)
        for number in range(1000):
            (root / f"file-{number:04}").write_bytes(content)
        url = programs.origin(stage, "--root", root, *SHAPED)

        def copy(mount):
            def work(mountpoint):
                with bench.stage() as inner:
                    start = time.monotonic()
                    subprocess.run(["cp", "-r", mountpoint, inner.directory() / "copy"], check=True)
                    return 1 / (time.monotonic() - start)
            return _cold(bench, url, work, mount)

        speed = take_turns({"ours": lambda: copy(programs.brimfs),
                            "rclone": lambda: copy(programs.rclone)}, min(3, bench.rounds))
        yield Row("cp -r of 1,000 files of 64 KiB, 20 ms", "rclone mount",
                  speed.ratio("ours", "rclone"), ">= 5", ours=f"{1 / speed.median('ours'):.1f} s",
                  theirs=f"{1 / speed.median('rclone'):.1f} s")


def _busy_seconds():
    """Of all processors, since the start."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(word) for word in stat.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def _process_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor(bench):
    """Processor time of a cold read: the daemon beside curl, and the whole machine beside itself."""
    programs = bench.programs
    with bench.stage() as stage:
        url, _, name = bench.served_file(stage)

        def ours():
            with bench.stage() as inner:
                process, mountpoint = programs.brimfs(inner, url, inner.directory())
                before, machine = _process_seconds(process.pid), _busy_seconds()
                programs.read_sequentially(mountpoint / name)
                return _process_seconds(process.pid) - before, _busy_seconds() - machine

        def curl():
            with bench.stage() as inner:
                machine, before = _busy_seconds(), os.times()
                subprocess.run(["curl", "-sSf", "-o", inner.directory() / name, url + name],
                               check=True)
                after = os.times()
                spent = (after.children_user - before.children_user
                         + after.children_system - before.children_system)
                return spent, _busy_seconds() - machine

        # The first pair warms up.
        pairs = [(ours(), curl()) for _ in range(bench.rounds + 1)][1:]
        gib = bench.size / (1 << 30)
        for what, at, target in (("the daemon, beside the curl process", 0, "<= 1.4"),
                                 ("the whole machine, beside the same with curl", 1, "<= 1.6")):
            mine = statistics.median(pair[0][at] for pair in pairs) / gib
            theirs = statistics.median(pair[1][at] for pair in pairs) / gib
            yield Row(f"processor seconds a GiB, nothing filled yet, loopback: {what}", "curl -o",
                      statistics.median(pair[0][at] / pair[1][at] for pair in pairs), target,
                      ours=f"{mine:.2f} s", theirs=f"{theirs:.2f} s")


def errors(bench):
    """p99 of 64 KiB reads with one answer in twenty a 503."""
    def p99(*options):
        with bench.stage() as stage:
            url = bench.huge_origin(stage, *SHAPED, *options)
            each = _cold(bench, url, lambda at: bench.programs.read_pattern(
                "random", at / "huge", 2000, BLOCK, BLOCK, 8)[1])
            return statistics.quantiles(each, n=100)[98]

    without = p99()
    with_errors = p99("--fault", "status=503:ranged:1/20")
    yield Row("p99 of random 64 KiB reads, nothing filled yet, 5 % of answers 503",
              "the same without", with_errors / without, "<= 3",
              ours=milliseconds(with_errors), theirs=milliseconds(without))


GROUPS = {
    "shaped": shaped,
    "random": random_latency,
    "economy": economy,
    "streams": streams,
    "small": small_files,
    "processor": processor,
    "errors": errors,
}
