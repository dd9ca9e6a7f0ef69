from observatory.main import open_dome

application = open_dome()
