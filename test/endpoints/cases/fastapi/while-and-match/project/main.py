from contextlib import suppress
from itertools import chain, product

from fastapi import APIRouter, FastAPI

app = FastAPI()
queue = [APIRouter(prefix=f"/q{i}") for i in range(3)]
index = 0
while index < len(queue):
    queue[index].add_api_route("/x", lambda: None, name=f"x{index}")
    index += 1
while queue:
    app.include_router(queue.pop())

for a, b in product("ab", (1, 2)):
    if (a, b) == ("b", 2):
        break
    app.add_api_route(f"/{a}/{b}", lambda: None, name=a * b)
else:
    app.add_api_route("/never", lambda: None)

for i, part in enumerate(chain(["m"], ["n"]), start=1):
    with suppress(KeyError):
        app.add_api_route(f"/{part}/{i:03d}", lambda: None, name=f"{part!s:>3}".strip())


def choose(kind: str) -> str:
    match kind:
        case "one" | "two":
            return "/few"
        case _:
            return "/many"


app.get(choose("two"), name="few")(lambda: None)
app.get(choose("ten"), name="many" if choose("ten") else "no")(lambda: None)
try:
    raise ValueError("no")
except (KeyError, ValueError) as error:
    app.get(f"/{error}", name="caught")(lambda: None)
finally:
    app.get("/finally", name="at_last")(lambda: None)
