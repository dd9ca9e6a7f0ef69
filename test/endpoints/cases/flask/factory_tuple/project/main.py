from app.factory import create_app

app, extra = create_app()
