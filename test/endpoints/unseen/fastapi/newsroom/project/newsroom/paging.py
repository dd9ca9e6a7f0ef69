class Paging:
    def __init__(self, page: int = 1, size: int = 20):
        self.page = page
        self.size = size
