"""Rows about S3, which our own origin speaks: large listings; cold reads beside s3fs and rclone."""

import html
import os
import re
import statistics
import subprocess
import time
import urllib.parse

from brimbench.fetching import LINK, SHAPED
from brimbench.measure import Row, megabytes, milliseconds, reads, take_turns
from brimbench.rows import DELAY, MIB, peak_memory
from brimbench.stage import Failed, fetch

BUCKET = "bench"
KEYS = "AKIDBENCH:the-secret-of-the-bench"
LISTED = 100_000  # keys in the directory that is compared with curl
NAME = "key-"     # and seven digits
DELAYED = ("--delay-ms", str(int(DELAY * 1000)))
RANDOM_READS, BLOCK = 100, 64 << 10


# --- Listing -------------------------------------------------------------------------------------

def _full_bucket(bench, stage, keys, *options):
    """The endpoint of an origin with so many keys in one directory of its bucket."""
    return bench.programs.origin(
        stage, "--s3", BUCKET, "--many", f"many/{NAME}={keys}", *options).rstrip("/")


def _mount(bench, stage, endpoint, directory="many/"):
    process, mountpoint = bench.programs.brimfs(
        stage, f"s3://{BUCKET}/{directory}", stage.directory(), f"endpoint={endpoint}", "anonymous")
    os.stat(mountpoint)
    return process, mountpoint


def _pages(endpoint):
    """The URLs of the list that brimfs asks for, a page each: curl does not look for the tokens."""
    query = "delimiter=%2F&encoding-type=url&list-type=2&max-keys=1000&prefix=many%2F"
    urls, token = [], None
    while True:
        after = f"continuation-token={urllib.parse.quote(token, safe='')}&" if token else ""
        urls.append(f"{endpoint}/{BUCKET}?{after}{query}")
        found = re.search(rb"<NextContinuationToken>([^<]+)<", fetch(urls[-1]))
        if not found:
            return urls
        token = html.unescape(found[1].decode("ascii"))


def _list(directory, how, keys):
    """Seconds that ls needs for all of them; Failed if it shows others."""
    start = time.monotonic()
    listed = subprocess.run(["ls", how, directory], check=True, stdout=subprocess.PIPE,
                            env={**os.environ, "LC_ALL": "C"}).stdout
    seconds = time.monotonic() - start
    shown = len(re.findall(f"{NAME}[0-9]{{7}}$".encode(), listed, re.MULTILINE))
    if shown != keys:
        raise Failed(f"ls {how}: {shown} of {keys} names")
    return seconds


def _first_name(directory):
    """Seconds of ls -U | head -1: until head has ended, and until ls has.

    ls only learns of it when it writes again, which may be a page later.
    """
    start = time.monotonic()
    with subprocess.Popen(["ls", "-U", directory], stdout=subprocess.PIPE) as ls:
        head = subprocess.run(["head", "-1"], stdin=ls.stdout, capture_output=True, check=True)
        first = time.monotonic() - start
        ls.stdout.close()
        ls.wait()
    if not head.stdout.startswith(NAME.encode()):
        raise Failed(f"ls -U | head -1 printed {head.stdout!r}")
    return first, time.monotonic() - start


def _first_names(bench, endpoint):
    for what, mounted, within, target in (("mounted", "many/", "", "<= 2"),
                                          ("of the mounted bucket", "", "many", "")):
        seconds = []
        for _ in range(bench.rounds + 1):
            with bench.stage() as inner:
                _, mountpoint = _mount(bench, inner, endpoint, mounted)
                seconds.append(_first_name(mountpoint / within))
        first, both = map(statistics.median, zip(*seconds[1:]))
        yield Row(f"ls -U | head -1 of a directory of {LISTED:,} keys over s3, {what}, 20 ms",
                  "one round trip of the delay", first / DELAY, target, ours=milliseconds(first),
                  theirs=milliseconds(DELAY), note=f"until ls has ended: {milliseconds(both)}")


def _growth(bench, endpoint, how, keys):
    """(bytes of the daemon's own memory at the most beyond those after mounting, seconds)."""
    with bench.stage() as inner:
        process, mountpoint = _mount(bench, inner, endpoint)
        seconds = []
        held = "RssAnon + RssShmem"
        before = peak_memory(process, lambda: time.sleep(0.1))[held]
        peak = peak_memory(process, lambda: seconds.append(_list(mountpoint, how, keys)))[held]
        return peak - before, seconds[0]


def s3_listing(bench):
    """Very many keys in one directory, over S3."""
    programs = bench.programs
    for link, options, target in (("20 ms", DELAYED, ">= 0.9"), ("loopback", (), "")):
        with bench.stage() as stage:
            endpoint = _full_bucket(bench, stage, LISTED, *options)
            if options:
                yield from _first_names(bench, endpoint)
            pages = _pages(endpoint)

            def ours(endpoint=endpoint):
                with bench.stage() as inner:
                    _, mountpoint = _mount(bench, inner, endpoint)
                    return LISTED / _list(mountpoint, "-l", LISTED)

            speed = take_turns(
                {"ours": ours, "curl": lambda pages=pages: LISTED / programs.curl_each(pages)},
                min(5, bench.rounds))
            yield Row(f"ls -l of a directory of {LISTED:,} keys over s3, {link}",
                      f"one curl for the same {len(pages)} pages, one after the other",
                      speed.ratio("ours", "curl"), target,
                      ours=f"{LISTED / speed.median('ours'):.2f} s",
                      theirs=f"{LISTED / speed.median('curl'):.2f} s")
            for how in ("-U", "-l") if options else ():
                grown, _ = _growth(bench, endpoint, how, LISTED)
                yield Row(f"memory of the daemon for ls {how} of {LISTED:,} keys over s3, an entry",
                          "", grown / LISTED, "< 300 B", unit="B",
                          ours=f"{grown / MIB:.0f} MiB")

    with bench.stage() as stage:
        endpoint = _full_bucket(bench, stage, bench.entries, *DELAYED)
        for how in ("-U", "-l"):
            grown, seconds = _growth(bench, endpoint, how, bench.entries)
            yield Row(f"memory of the daemon for ls {how} of {bench.entries:,} keys over s3, 20 ms",
                      "", grown / MIB, unit="MiB",
                      note=f"{grown / bench.entries:.0f} bytes an entry, {seconds:.1f} s")


# --- Reading -------------------------------------------------------------------------------------

def keys_file(stage):
    """The file of the keys, as all of them take it, readable by nobody else."""
    path = stage.directory() / "keys"
    path.touch(mode=0o600)
    path.write_text(f"{KEYS}\n", encoding="ascii")
    return path


class _Peers:
    """Mounts of one bucket, each with the keys."""

    def __init__(self, bench, stage, endpoint):
        self._programs = bench.programs
        self._endpoint = endpoint
        self._keys_file = keys_file(stage)

    def brimfs(self, stage):
        return self._programs.brimfs(stage, f"s3://{BUCKET}/", stage.directory(),
                                     f"endpoint={self._endpoint}", f"credentials={self._keys_file}")

    def s3fs(self, stage):
        return self._programs.s3fs(stage, BUCKET, self._endpoint, self._keys_file,
                                   stage.directory())

    def rclone(self, stage):
        return self._programs.rclone_s3(stage, BUCKET, self._endpoint, KEYS, stage.directory())


def _sparse_file(path, size):
    with open(path, "wb") as out:
        out.truncate(size)


def s3_reading(bench):
    """Cold reads over S3, beside s3fs and rclone."""
    programs = bench.programs
    rounds = min(3, bench.rounds)

    def sequentially(mountpoint):
        return programs.read_sequentially(mountpoint / "file")

    def randomly(mountpoint):
        whole, _ = programs.read_pattern(
            "random", mountpoint / "huge", RANDOM_READS, BLOCK, BLOCK, 1)
        return RANDOM_READS / whole

    for link, shape in ((LINK, SHAPED), ("loopback", ())):
        with bench.stage() as stage:
            root = stage.directory()
            _sparse_file(root / "file", bench.size)
            _sparse_file(root / "huge", bench.huge)
            endpoint = programs.origin(stage, "--s3", BUCKET, "--s3-keys", KEYS, "--root", root,
                                       *shape).rstrip("/")
            peers = _Peers(bench, stage, endpoint)

            def cold(mount, read):
                with bench.stage() as inner:
                    _, mountpoint = mount(inner)
                    os.listdir(mountpoint)
                    os.sync()
                    return read(mountpoint)

            for what, read, show in (
                    (f"{bench.size_text()} sequential", sequentially, megabytes),
                    (f"random 64 KiB of {bench.huge_text()}", randomly, reads)):
                speed = take_turns(
                    {"ours": lambda read=read: cold(peers.brimfs, read),
                     "s3fs": lambda read=read: cold(peers.s3fs, read),
                     "rclone": lambda read=read: cold(peers.rclone, read)}, rounds)
                for side, against in (("s3fs", "s3fs"), ("rclone", "rclone mount")):
                    yield Row(f"{what}, over s3, nothing filled yet, {link}", against,
                              speed.ratio("ours", side), ">= 1", ours=show(speed.median("ours")),
                              theirs=show(speed.median(side)))


GROUPS = {
    "s3_listing": s3_listing,
    "s3_reading": s3_reading,
}
