"""What a measurement needs around it: directories, processes and mounts that always go away."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request


class Failed(Exception):
    """A row can't be measured; the text says why."""


def await_that(condition, what, seconds=20.0, process=None):
    """Returns when `condition()` is true; Failed if that takes too long or `process` ends."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise Failed(f"{what}: {process.args[0]} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.01)


class Stage(contextlib.ExitStack):
    """Everything made here is undone in reverse order when the `with` block ends."""

    def __init__(self, scratch):
        super().__init__()
        self._scratch = scratch

    def directory(self):
        path = pathlib.Path(tempfile.mkdtemp(dir=self._scratch))
        self.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def start(self, argv, **options):
        """A process of ours; ended, by force if need be, at the end."""
        log = tempfile.NamedTemporaryFile(dir=self._scratch, suffix=".log", delete=False)
        process = subprocess.Popen(
            [str(word) for word in argv],
            **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options})
        process.log = pathlib.Path(log.name)
        log.close()
        self.callback(process.log.unlink, missing_ok=True)
        self.callback(_end, process)
        return process

    def mount(self, argv_for, **options):
        """Starts what `argv_for(mountpoint)` says and waits for the mount; (process, mountpoint)."""
        mountpoint = self.directory()
        process = self.start(argv_for(mountpoint), **options)
        self.callback(_unmount, mountpoint, process)
        try:
            await_that(lambda: os.path.ismount(mountpoint), "mounting", process=process)
        except Failed as error:
            raise Failed(f"{error}\n{process.log.read_text(errors='replace')}") from None
        return process, mountpoint


def _end(process):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_mounted(mountpoint):
    """Also where the daemon is dead."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        return any(line.split(" ")[4] == str(mountpoint) for line in mounts)


def _unmount(mountpoint, process):
    tool = ["umount"] if os.geteuid() == 0 else ["fusermount3", "-u"]
    for lazy in ([], ["-l" if os.geteuid() == 0 else "-z"]):
        if not _is_mounted(mountpoint):
            break
        subprocess.run(tool + lazy + [str(mountpoint)], capture_output=True, check=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)


def set_read_ahead(mountpoint, kilobytes):
    device = os.stat(mountpoint).st_dev
    knob = pathlib.Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
    try:
        knob.write_text(str(kilobytes))
    except OSError as error:
        raise Failed(f"read_ahead_kb needs root: {error}") from None


def drop_pages(path):
    """Of this file only, and only where it is seen: FUSE's pages go, those of a file under it stay."""
    subprocess.run(["dd", f"if={path}", "iflag=nocache", "count=0"], check=True,
                   capture_output=True)


def is_passed_through(process, path):
    """Whether the kernel alone answers a read of `path`: its daemon is stopped meanwhile.

    A thread reads and nothing is forked: closing a descriptor asks the stopped daemon too.
    """
    drop_pages(path)
    fd = os.open(path, os.O_RDONLY)
    reader = threading.Thread(target=os.pread, args=(fd, 4096, 0))
    process.send_signal(signal.SIGSTOP)
    try:
        reader.start()
        reader.join(2)
        return not reader.is_alive()
    finally:
        process.send_signal(signal.SIGCONT)
        reader.join()
        os.close(fd)


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()
