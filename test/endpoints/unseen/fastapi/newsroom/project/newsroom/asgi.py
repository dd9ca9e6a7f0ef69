from newsroom.application import build

application = build()
