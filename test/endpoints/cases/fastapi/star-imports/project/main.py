from application import *

app = build(FastAPI())
