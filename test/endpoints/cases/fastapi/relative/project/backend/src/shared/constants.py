from .base import ROOT
PREFIX = ROOT + "/v" + str(1)
