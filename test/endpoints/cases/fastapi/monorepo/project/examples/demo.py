from fastapi import FastAPI

app = FastAPI()


@app.get("/demo")
def demo():
    pass
