"""Prints numbered lines, as many as asked for, as fast as it may."""

import threading

from fastapi import FastAPI

app = FastAPI()
printed = 0


def count(last: int) -> None:
    global printed
    while printed < last:
        printed += 1
        print(f"line {printed:06d} of what has to be in the store exactly once, however often things restart")


@app.post("/count/{last}")
def start(last: int):
    threading.Thread(target=count, args=(last,), daemon=True).start()
    return {"counting": last}


@app.get("/printed")
def so_far():
    return {"printed": printed}
