class Base(object):
    ROOT = "/root"


class Production(Base):
    SUFFIX = "/p"
