from observatory.main import initialize

application = initialize()
