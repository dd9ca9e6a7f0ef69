def register_blueprints(app):
    from app.blueprints.users.routes import blueprint as users
    from app.blueprints.home import blueprint as home
    for bp in (users, home):
        app.register_blueprint(bp)
