from fastapi import FastAPI
app = FastAPI()
@app.get("/er")
def deeper(): pass
