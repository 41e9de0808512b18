"""Rows about servers that answer wrongly: who gives the reader wrong bytes, and who hangs."""

import hashlib
import os
import random
import subprocess
import sys
import threading

from brimbench.measure import Row
from brimbench.rows import MIB
from brimbench.s3 import BUCKET, KEYS, keys_file

SIZE = 64 * MIB
READS, BLOCK = 22, 64 << 10
PATIENCE = 60  # seconds, for all reads of one program
PEERS = ("rclone", "s3fs", "httpdirfs")

FAULTS = (
    ("answers 200 and ignores the Range", "ignore-range:ranged:ever"),
    ("sends a wrong Content-Range", "wrong-content-range=start:ranged:1/2"),
    ("sends body and header shifted by one", "shifted-range:ranged:1/2"),
    ("sends an XML error with status 200", "xml-200:ranged:1/2"),
    ("sends no Content-Length and cuts the body", "no-length:ranged@middle:1/2"),
    ("stalls in the middle of a body", "stall:ranged@middle:1/8"),
)
CHANGE = "changes the object between ranges"

# Reads blocks of argv[1], at the offsets that it is told a line each, and says of each: its SHA-256,
# or the errno, or "short". On its own, so that a hanging mount holds nobody else.
READER = """
import errno, hashlib, os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
size = int(sys.argv[2])
for line in sys.stdin:
    start = time.monotonic()
    try:
        data = os.pread(fd, size, int(line))
        word = hashlib.sha256(data).hexdigest() if len(data) == size else "short"
    except OSError as error:
        word = errno.errorcode[error.errno]
    print(word, time.monotonic() - start, flush=True)
"""


class _Tally:
    """What came of the reads of one program."""

    def __init__(self):
        self.right = self.wrong = self.errors = 0
        self.longest = 0.0

    @property
    def hung(self):
        return READS - self.right - self.wrong - self.errors

    def add(self, word, right):
        if word == right:
            self.right += 1
        elif word.startswith("E"):
            self.errors += 1
        else:
            self.wrong += 1

    def __str__(self):
        parts = [f"{count} {name}" for count, name in
                 ((self.wrong, "wrong"), (self.errors, "failed"), (self.hung, "unanswered")) if count]
        return ", ".join(parts) or "right"


def _write_object(path, seed):
    """A file of random bytes, in one step; the SHA-256 of its blocks, by their offsets."""
    content = random.Random(seed).randbytes(SIZE)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    # A time of its own, to the second and well in the past: validators differ, and are strong.
    os.utime(new, (1_700_000_000 + seed, 1_700_000_000 + seed))
    new.rename(path)
    return {at: hashlib.sha256(content[at:at + BLOCK]).hexdigest() for at in range(0, SIZE, BLOCK)}


def _mount(bench, stage, name, fault):
    """(process, mountpoint, the object's file, its blocks)."""
    programs, root, cache = bench.programs, stage.directory(), stage.directory()
    blocks = _write_object(root / "file", 1)
    options = ["--root", root, *(["--fault", fault] if fault else [])]
    if name == "s3fs":
        endpoint = programs.origin(stage, *options, "--s3", BUCKET, "--s3-keys", KEYS).rstrip("/")
        process, mountpoint = programs.s3fs(stage, BUCKET, endpoint, keys_file(stage), cache)
    else:
        url = programs.origin(stage, *options)
        process, mountpoint = getattr(programs, name)(stage, url, cache)
    os.listdir(mountpoint)
    return process, mountpoint, root / "file", blocks


def _reads_of(bench, name, fault):
    """The tally of one program; without a fault the object changes half-way."""
    tally = _Tally()
    with bench.stage() as stage:
        process, mountpoint, file, blocks = _mount(bench, stage, name, fault)
        reader = stage.start([sys.executable, "-c", READER, mountpoint / "file", BLOCK],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # A read that hangs ends only with the mount.
        patience = threading.Timer(PATIENCE, process.kill)
        stage.callback(patience.cancel)
        patience.start()
        for number, at in enumerate(random.Random(20261120).sample(sorted(blocks), READS)):
            if not fault and number == READS // 2:
                _write_object(file, 2)
            print(at, file=reader.stdin, flush=True)
            answer = reader.stdout.readline().split()
            if not answer or not patience.is_alive():
                break
            # One descriptor shows one version: the one that was there when it was opened.
            tally.add(answer[0], blocks[at])
            tally.longest = max(tally.longest, float(answer[1]))
        reader.communicate()
    return tally


def faults(bench):
    """22 random reads of one descriptor, from a server that answers wrongly: beside the peers."""
    for what, fault in (*FAULTS, (CHANGE, None)):
        ours = _reads_of(bench, "brimfs", fault)
        theirs = {name: _reads_of(bench, name, fault) for name in PEERS}
        yield Row(f"reads with wrong bytes, of {READS}, from a server that {what}",
                  ", ".join(PEERS), ours.wrong + ours.hung, "<= 0", unit="reads",
                  ours=f"{ours}, longest {ours.longest:.1f} s",
                  theirs="; ".join(f"{name}: {tally}" for name, tally in theirs.items()),
                  peers={name: tally.wrong for name, tally in theirs.items()})


GROUPS = {"faults": faults}
