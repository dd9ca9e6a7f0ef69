from flask import Blueprint

sketch = Blueprint("sketch", __name__)

@sketch.get("/sketch"
def draw():
    return
