def a():
    """A."""


async def b():
    """B.

    	Tabbed
        and not.
    """
