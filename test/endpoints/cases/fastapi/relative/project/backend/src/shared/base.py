ROOT = "/x"
