lower = "/lower"
UPPER = "/upper"
