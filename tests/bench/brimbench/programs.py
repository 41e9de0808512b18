"""The programs that the bench runs: ours, the servers, and what we are compared with."""

import json
import os
import re
import shutil
import socket
import subprocess
import time

from brimbench.stage import Failed, await_that, fetch

NGINX_CONF = """
daemon off;
{user}
worker_processes 2;
pid {dir}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 100000;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    autoindex on;
    autoindex_exact_size on;
  }}
}}
"""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url):
    try:
        fetch(url)
        return True
    except OSError:
        return False


class Programs:
    """`build` is the directory that holds what CMake built."""

    def __init__(self, build):
        self._build = build

    def _built(self, name):
        path = self._build / name
        if not path.exists():
            raise Failed(f"{path} is not built")
        return path

    def versions(self):
        def version(*argv):
            if not shutil.which(argv[0]):
                return "not installed"
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            found = re.search(r"[0-9]+(\.[0-9]+)+\S*", done.stderr + done.stdout)
            return found[0] if found else "unknown"
        return {"Linux": os.uname().release, "libfuse": version("pkg-config", "--modversion", "fuse3"),
                "curl": version("curl", "--version"), "nginx": version("nginx", "-v"),
                "rclone": version("rclone", "version"), "s3fs": version("s3fs", "--version"),
                "httpdirfs": version("httpdirfs", "--version"), "processors": os.cpu_count()}

    # --- Reading ---------------------------------------------------------------------------------

    def _timed_read(self, *words):
        argv = [self._built("tests/bench/timed_read"), *words]
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"timed_read {words[0]}: {done.stderr.strip()}")
        return float(done.stdout)

    def read_sequentially(self, path):
        """Bytes a second."""
        return os.stat(path).st_size / self._timed_read("seq", path)

    def read_randomly(self, path, count, seed=1):
        """Reads of 4 KiB a second."""
        return count / self._timed_read("random", path, count, seed)

    def read_at(self, path, offset, length):
        """Seconds from before the open to the last byte."""
        return self._timed_read("at", path, offset, length)

    def curl_range(self, url, offset, length):
        """Seconds that curl needs for `length` bytes, its connection included."""
        done = subprocess.run(
            ["curl", "-sSf", "-o", os.devnull, "-w", "%{time_total}", "-r",
             f"{offset}-{offset + length - 1}", url], check=True, capture_output=True, text=True)
        return float(done.stdout)

    def curl_each(self, urls):
        """Seconds that one curl needs for all of these, one after the other on one connection."""
        start = time.monotonic()
        subprocess.run(["curl", "-sSf", "-K", "-"], check=True, stdout=subprocess.DEVNULL,
                       input="".join(f'url = "{url}"\n' for url in urls).encode("ascii"))
        return time.monotonic() - start

    def read_pattern(self, pattern, path, *numbers):
        """(seconds of the whole, seconds of each read)."""
        argv = [self._built("tests/bench/read_pattern"), pattern, path, *numbers]
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"read_pattern {pattern}: {done.stderr.strip()}")
        whole, *each = map(float, done.stdout.split())
        return whole, each

    def keep_reading(self, stage, path):
        return stage.start([self._built("tests/bench/timed_read"), "seq", path])

    def micro_benchmark(self, name):
        """Name → processor time in nanoseconds, of every benchmark of a google-benchmark program."""
        done = subprocess.run(
            [str(self._built(f"tests/bench/{name}")), "--benchmark_format=json",
             "--benchmark_repetitions=5", "--benchmark_report_aggregates_only=true"],
            capture_output=True, text=True, check=True)
        return {result["run_name"]: result["cpu_time"]
                for result in json.loads(done.stdout)["benchmarks"]
                if result["aggregate_name"] == "median"}

    def fill_catalogue(self, cache, source, count):
        """Makes a cache directory of so many entries; the bytes that they count as."""
        done = subprocess.run(
            [str(self._built("tests/bench/catalogue_filler")), str(cache), source, str(count)],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return int(done.stdout)

    # --- Servers ---------------------------------------------------------------------------------

    def nginx(self, stage, root):
        """Serves `root` on loopback; its URL, with a slash at the end."""
        directory, port = stage.directory(), _free_port()
        conf = directory / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        conf.write_text(NGINX_CONF.format(dir=directory, port=port, root=root, user=user))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        process = stage.start([nginx, "-e", "stderr", "-p", directory, "-c", conf])
        url = f"http://127.0.0.1:{port}/"
        await_that(lambda: _answers(url), "nginx", process=process)
        return url

    def origin(self, stage, *options):
        """Our own server; its URL, with a slash at the end."""
        process = stage.start([self._built("tests/support/brimfs-origin"), *options],
                              stdout=subprocess.PIPE, text=True)
        stage.callback(process.stdout.close)
        url = process.stdout.readline().strip()
        if not url.startswith("http://"):
            raise Failed(f"brimfs-origin printed {url!r}: {process.log.read_text()}")
        return url.rstrip("/") + "/"

    # --- Mounts: (process, mountpoint) -----------------------------------------------------------

    def brimfs(self, stage, source, cache, *options):
        words = ",".join([f"cache={cache}", *options])
        return stage.mount(lambda mountpoint: [
            self._built("fs/brimfs"), "-f", source, mountpoint, "-o", words])

    def rclone(self, stage, source, cache):
        return stage.mount(
            lambda mountpoint: ["rclone", "mount", ":http:", mountpoint, "--http-url", source,
                                "--vfs-cache-mode", "full", "--cache-dir", cache, "--read-only"],
            env={**os.environ, "RCLONE_CONFIG": "/dev/null"})

    def rclone_s3(self, stage, bucket, endpoint, keys, cache):
        """`keys`: "ACCESS:SECRET"."""
        access, secret = keys.split(":")
        remote = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": endpoint, "REGION": "us-east-1",
                  "ACCESS_KEY_ID": access, "SECRET_ACCESS_KEY": secret}
        # It stops at AWS_CA_BUNDLE, which it cannot follow.
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith(("AWS_", "RCLONE_"))}
        return stage.mount(
            lambda mountpoint: ["rclone", "mount", f"bench:{bucket}", mountpoint,
                                "--vfs-cache-mode", "full", "--cache-dir", cache, "--read-only"],
            env={**inherited, "RCLONE_CONFIG": "/dev/null",
                 **{f"RCLONE_CONFIG_BENCH_{name}": value for name, value in remote.items()}})

    def s3fs(self, stage, bucket, endpoint, keys_file, cache):
        """`keys_file`: the line "ACCESS:SECRET", readable by nobody else."""
        words = (f"url={endpoint},use_path_request_style,passwd_file={keys_file},"
                 f"use_cache={cache},ro")
        return stage.mount(lambda mountpoint: ["s3fs", bucket, mountpoint, "-f", "-o", words])

    def httpdirfs(self, stage, source, cache):
        return stage.mount(lambda mountpoint: [
            "httpdirfs", "-f", "--cache", "--cache-location", cache, source, mountpoint])

    def splice_fs(self, stage, file):
        return stage.mount(
            lambda mountpoint: [self._built("tests/bench/splice_fs"), file, mountpoint])
