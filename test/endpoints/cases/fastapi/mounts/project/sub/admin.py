from fastapi import FastAPI
def create():
    app = FastAPI()
    @app.post("/lock")
    def lock(tenant: str): pass
    return app
