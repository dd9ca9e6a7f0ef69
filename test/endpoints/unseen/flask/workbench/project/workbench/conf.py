class Conf:
    BASE = "/plugins"
    DISABLED = {"paint"}
