from . import moons, stars, tides

REGISTRY = {
    "v1": [(moons, {}), (tides, {"at": "/sea/tides"})],
    "v2": [(moons, {"at": "/satellites"}), (stars, {"at": "/stars", "public": True})],
}
