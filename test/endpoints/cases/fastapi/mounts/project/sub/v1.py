from fastapi import FastAPI
app = FastAPI(root_path="/ignored")
@app.get("/users", tags=["users"])
def users():
    """Old users."""
