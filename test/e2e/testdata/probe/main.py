"""Tells what hostile code could see and do in its sandbox."""

import http.client
import os
import socket
import ssl
import threading
import uuid
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()

TIMEOUT_SECONDS = 3
MOST_THREADS = 8000


def read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError as error:
        return f"error: {error.strerror}"


@app.get("/identity")
def identity() -> dict:
    status = dict(line.split(":\t", 1) for line in read("/proc/self/status").splitlines() if ":\t" in line)
    return {
        "uid": os.getuid(),
        "euid": os.geteuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "capabilities": {name: status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")},
        "no_new_privs": status["NoNewPrivs"].strip(),
        "seccomp": status["Seccomp"].strip(),
    }


def can_write(folder: str) -> bool:
    path = Path(folder) / f"probe-{uuid.uuid4().hex}"
    try:
        path.write_text("x")
        path.unlink()
    except OSError:
        return False
    return True


@app.get("/filesystem")
def filesystem() -> dict:
    """Every folder that can be written to, outside the kernel's own file systems."""
    mounts = [line.split() for line in read("/proc/self/mounts").splitlines()]
    writable = []
    for folder, names, _ in os.walk("/"):
        if folder in ("/proc", "/sys"):
            names.clear()
            continue
        if can_write(folder):
            writable.append(folder)
            # What lies below a writable folder tells nothing new.
            names.clear()
    return {
        "writable": writable,
        "root_options": [options for _, target, _, options, *_ in mounts if target == "/"],
        "secrets": os.path.lexists("/var/run/secrets") or os.path.lexists("/run/secrets"),
        "cwd": os.getcwd(),
        "sysctl": can_write("/proc/sys/kernel"),
        "cgroup": can_write("/sys/fs/cgroup"),
        "host_devices": sorted(name for name in os.listdir("/dev") if name.startswith(("sd", "vd", "nvme", "kvm", "mem", "fuse"))),
    }


@app.get("/environment")
def environment() -> dict:
    """The environment and command line of every process, which may all be read by this user."""
    processes = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        processes[name] = {
            "cmdline": read(f"/proc/{name}/cmdline").replace("\0", " ").strip(),
            "environ": read(f"/proc/{name}/environ").replace("\0", "\n").strip(),
        }
    return {"environ": dict(os.environ), "processes": processes}


@app.get("/connect")
def connect(host: str, port: int) -> dict:
    try:
        socket.create_connection((host, port), TIMEOUT_SECONDS).close()
    except OSError as error:
        return {"connected": False, "error": str(error)}
    return {"connected": True}


@app.get("/https")
def https(host: str, port: int, path: str) -> dict:
    """The status of a request without credentials; the server's certificate does not matter."""
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return {"status": response.status, "body": response.read(2000).decode(errors="replace")}
    except OSError as error:
        return {"status": 0, "body": str(error)}
    finally:
        connection.close()


@app.post("/push")
def push(host: str, port: int, path: str, method: str = "POST", bearer: str = "", content_type: str = "", body: str = "") -> dict:
    """What a runner says to somebody who is not the manager."""
    headers = {"Content-Type": content_type or "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body.encode(), headers)
        response = connection.getresponse()
        return {"status": response.status, "body": response.read(4000).decode(errors="replace")}
    except OSError as error:
        return {"status": 0, "body": str(error)}
    finally:
        connection.close()


@app.get("/threads")
def threads() -> dict:
    """How many threads can be started before the limit on processes is met."""
    threading.stack_size(64 << 10)
    release = threading.Event()
    started = []
    try:
        while len(started) < MOST_THREADS:
            thread = threading.Thread(target=release.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        pass
    finally:
        release.set()
        for thread in started:
            thread.join()
        threading.stack_size(0)
    return {"started": len(started), "limited": len(started) < MOST_THREADS}
