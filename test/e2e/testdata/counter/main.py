"""Prints numbered lines, as many as asked for, as fast as it may or with a pause after each hundred."""

import threading
import time

from fastapi import FastAPI

app = FastAPI()
printed = 0


def count(last: int, pause: float) -> None:
    global printed
    while printed < last:
        printed += 1
        print(f"line {printed:06d} of what has to be in the store exactly once, however often things restart")
        if pause and printed % 100 == 0:
            time.sleep(pause)


@app.post("/count/{last}")
def start(last: int, pause: float = 0):
    threading.Thread(target=count, args=(last, pause), daemon=True).start()
    return {"counting": last}


@app.get("/printed")
def so_far():
    return {"printed": printed}
