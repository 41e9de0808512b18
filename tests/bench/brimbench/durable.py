"""Rows about a cache that outlives the mount: what it costs, and what it gives."""

import contextlib
import os
import pathlib
import statistics
import subprocess
import time

from brimbench.measure import Row, megabytes, milliseconds, take_turns
from brimbench.stage import Failed, await_that, drop_pages, is_passed_through

MIB = 1 << 20
BLOCK = 64 << 10


def _unmount(process, mountpoint):
    """Returns when the daemon has ended: all that it keeps is on the disk."""
    tool = ["umount"] if os.geteuid() == 0 else ["fusermount3", "-u"]
    subprocess.run([*tool, str(mountpoint)], check=True)
    if process.wait(60) != 0:
        raise Failed(f"brimfs ended with {process.returncode}")


def _served(bench, stage, *names):
    """(URL, directory) of files of random bytes behind nginx."""
    root = stage.directory()
    for name in names:
        with open(root / name, "wb") as out:
            for _ in range(bench.size // MIB):
                out.write(os.urandom(MIB))
        # Long ago: what has just been changed is not kept.
        os.utime(root / name, (1_500_000_000, 1_500_000_000))
    return bench.programs.nginx(stage, root), root


def _backing(bench, cache):
    files = [file for file in cache.rglob("*") if file.is_file()]
    backing = max(files, key=lambda file: file.stat().st_size)
    if backing.stat().st_size != bench.size:
        raise Failed(f"no backing file of {bench.size} bytes under the cache")
    return backing


def reopened(bench):
    """Filled by an earlier mount: the first read, which verifies, and the second open."""
    programs = bench.programs
    with bench.stage() as stage:
        url, _ = _served(bench, stage, "file")
        cache = stage.directory()
        with bench.stage() as inner:
            process, mountpoint = programs.brimfs(inner, url, cache)
            programs.read_sequentially(mountpoint / "file")
            _unmount(process, mountpoint)
        backing = _backing(bench, cache)

        def first():
            with bench.stage() as inner:
                process, mountpoint = programs.brimfs(inner, url, cache)
                rate = programs.read_sequentially(mountpoint / "file")
                _unmount(process, mountpoint)
                return rate

        speed = take_turns({"ours": first, "ext4": lambda: programs.read_sequentially(backing)},
                           bench.rounds)
        what = f"{bench.size_text()} sequential, filled by an earlier mount"
        against = "the same file read directly from ext4"
        yield Row(f"{what}, first read", against, speed.ratio("ours", "ext4"),
                  ours=megabytes(speed.median("ours")), theirs=megabytes(speed.median("ext4")),
                  note="every block is verified")

        process, mountpoint = programs.brimfs(stage, url, cache)
        path = mountpoint / "file"
        programs.read_sequentially(path)
        passed = False
        with contextlib.suppress(Failed):
            await_that(lambda: is_passed_through(process, path), "verification")
            passed = True

        def ours():
            drop_pages(path)
            return programs.read_sequentially(path)

        speed = take_turns({"ours": ours, "ext4": lambda: programs.read_sequentially(backing)},
                           bench.rounds)
        yield Row(f"{what}, second open", against, speed.ratio("ours", "ext4"), ">= 0.95",
                  ours=megabytes(speed.median("ours")), theirs=megabytes(speed.median("ext4")),
                  note="passed through" if passed else "NOT passed through")


def kept(bench):
    """Cold until everything is on the disk: read and unmounted, beside curl -o and sync."""
    programs = bench.programs
    with bench.stage() as stage:
        url, _ = _served(bench, stage, "file")

        def ours():
            with bench.stage() as inner:
                process, mountpoint = programs.brimfs(inner, url, inner.directory())
                os.listdir(mountpoint)
                os.sync()
                start = time.monotonic()
                programs.read_sequentially(mountpoint / "file")
                _unmount(process, mountpoint)
                return bench.size / (time.monotonic() - start)

        def curl():
            with bench.stage() as inner:
                target = inner.directory() / "file"
                os.sync()
                start = time.monotonic()
                subprocess.run(["curl", "-sSf", "-o", str(target), f"{url}file"], check=True)
                os.sync()
                return bench.size / (time.monotonic() - start)

        speed = take_turns({"ours": ours, "curl": curl}, bench.rounds)
        yield Row(f"{bench.size_text()} sequential, nothing filled yet, until all of it is on the "
                  "disk (ours: unmounted)", "curl -o, then sync", speed.ratio("ours", "curl"),
                  ">= 1.0", ours=megabytes(speed.median("ours")),
                  theirs=megabytes(speed.median("curl")))


def evicting(bench):
    """Cold reads at a full cache, beside the same with room."""
    programs = bench.programs
    names = ("one", "two")
    with bench.stage() as stage:
        url, _ = _served(bench, stage, *names)
        turns = {"full": 0, "room": 0}

        def read(side, cache, *options):
            # The other file fills the cache, or was never there.
            name = names[turns[side] % 2]
            turns[side] += 1
            with bench.stage() as inner:
                process, mountpoint = programs.brimfs(inner, url, cache, *options)
                os.listdir(mountpoint)
                os.sync()
                rate = programs.read_sequentially(mountpoint / name)
                _unmount(process, mountpoint)
                return rate

        full = stage.directory()
        limit = f"cache_size={bench.size + 16 * MIB}"
        read("full", full, limit)

        def with_room():
            with bench.stage() as inner:
                return read("room", inner.directory())

        speed = take_turns({"ours": lambda: read("full", full, limit), "room": with_room},
                           bench.rounds)
        yield Row(f"{bench.size_text()} sequential, nothing of it filled, the cache full of another "
                  "file", "the same in an empty cache", speed.ratio("ours", "room"), ">= 0.9",
                  ours=megabytes(speed.median("ours")), theirs=megabytes(speed.median("room")))


def _thread_seconds(pid):
    """Name → processor seconds of the threads of that name."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            name, fields = (task / "stat").read_text(encoding="utf-8").split("(", 1)[1].rsplit(
                ")", 1)
            ticks = sum(int(word) for word in fields.split()[11:13])
            seconds[name] = seconds.get(name, 0) + ticks / os.sysconf("SC_CLK_TCK")
    return seconds


def _keeper_share(bench, stage, url, work):
    """What of the daemon's processor time is the keeper's, from the mount until nothing is new."""
    cache = stage.directory()
    process, mountpoint = bench.programs.brimfs(stage, url, cache)
    work(mountpoint)
    await_that(lambda: not any((cache / "new").iterdir()), "the catalogue")
    of_threads = _thread_seconds(process.pid)
    if "keeper" not in of_threads:
        raise Failed(f"no thread named keeper among {sorted(of_threads)}")
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    # Threads that have ended count too.
    whole = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return of_threads["keeper"], whole


def keeper(bench):
    """The catalogue's share of the daemon's processor time."""
    with bench.stage() as stage:
        url, _ = _served(bench, stage, "file")
        small = stage.directory()
        content = os.urandom(BLOCK)
        for number in range(1000):
            (small / f"file-{number:04}").write_bytes(content)
            os.utime(small / f"file-{number:04}", (1_500_000_000, 1_500_000_000))
        small_url = bench.programs.nginx(stage, small)

        def read_one(mountpoint):
            bench.programs.read_sequentially(mountpoint / "file")

        def read_all(mountpoint):
            subprocess.run(["cp", "-r", mountpoint, stage.directory() / "copy"], check=True)

        for what, source, work in ((f"{bench.size_text()} sequential", url, read_one),
                                   ("cp -r of 1,000 files of 64 KiB", small_url, read_all)):
            shares = []
            for _ in range(bench.rounds):
                with bench.stage() as inner:
                    shares.append(_keeper_share(bench, inner, source, work))
            mine = statistics.median(mine for mine, _ in shares)
            whole = statistics.median(whole for _, whole in shares)
            yield Row(f"processor time of the catalogue's thread, {what}, nothing filled yet",
                      "the daemon's",
                      sum(mine for mine, _ in shares) / max(sum(whole for _, whole in shares), 0.01),
                      "< 0.03", ours=f"{mine:.2f} s", theirs=f"{whole:.2f} s")


def _seconds(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def many(bench):
    """A cache of very many entries: mounting, one name, one eviction."""
    programs = bench.programs
    count, victims = bench.entries, 1000
    with bench.stage() as stage:
        root = stage.directory()
        (root / "fresh").write_bytes(os.urandom(BLOCK))
        os.utime(root / "fresh", (1_500_000_000, 1_500_000_000))
        url = programs.nginx(stage, root)
        cache = stage.directory()
        # Under the identity that the product gives this source: what an offline mount shows.
        total = programs.fill_catalogue(cache, url, count)
        subprocess.run(["sync", "-f", str(cache)], check=True)

        mounts, lookups = [], []
        for turn in range(bench.rounds):
            with bench.stage() as inner:
                start = time.monotonic()
                process, mountpoint = programs.brimfs(inner, url, cache, "offline")
                os.stat(mountpoint)
                mounts.append(time.monotonic() - start)
                number = count // 2 + 1000 * turn
                name = mountpoint / "many" / str(number // 1000) / str(number)
                lookups.append(_seconds(lambda name=name: os.stat(name)))
                _unmount(process, mountpoint)
        what = f"a cache of {count:,} entries"
        yield Row(f"{what}: mounting", "", statistics.median(mounts) * 1e3, "< 1000 ms", unit="ms")
        yield Row(f"{what}: the first lookup of a name in it, offline", "",
                  statistics.median(lookups) * 1e3, "< 100 ms", unit="ms")

        coldest = cache / "data" / f"{victims - 1:032x}"
        process, mountpoint = programs.brimfs(
            stage, url, cache, f"cache_size={total - victims * BLOCK}")
        start = time.monotonic()
        (mountpoint / "fresh").read_bytes()
        first_read = time.monotonic() - start
        await_that(lambda: not coldest.exists(), "eviction", seconds=60, process=process)
        yield Row(f"{what}: {victims:,} of them evicted", "",
                  (time.monotonic() - start) * 1e3, unit="ms",
                  note=f"a read of 64 KiB meanwhile: {milliseconds(first_read)}")
        _unmount(process, mountpoint)


GROUPS = {
    "reopened": reopened,
    "kept": kept,
    "evicting": evicting,
    "keeper": keeper,
    "many": many,
}
