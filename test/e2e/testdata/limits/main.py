"""Tells what the kernel and the interpreter tell it: its memory limit in bytes, and a hash that depends on the hash seed."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/limits")
def limits():
    limit = 0
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as file:
                limit = int(file.read())
        except OSError:
            continue
    return {"memory": limit, "hash": hash("preview")}
