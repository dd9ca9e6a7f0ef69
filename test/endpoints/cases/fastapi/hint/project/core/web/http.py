from fastapi import FastAPI

http = FastAPI()


@http.get("/one")
def one():
    pass
