PREFIX = "/base"
