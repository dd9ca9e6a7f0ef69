#!/usr/bin/env python
from website import app

app.run()
