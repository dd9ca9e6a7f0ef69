from workbench.auth import public, token_required


@public
def blades():
    """Blades on the wall."""


@token_required(scope="saw")
def blade(number):
    """One blade.

    Mind your fingers.
    """


@token_required()
@public
def cut():
    ...
