import os

PREFIX = os.getenv("TRACKING_PREFIX", "/devices")
STREAM = os.environ.get("STREAM_PATH") or "/stream"
