import os

basedir = os.path.abspath(os.path.dirname(__file__))


class Config:
    SECRET_KEY = os.environ.get("SECRET_KEY") or "x"
    API_PREFIX = "/api"
    SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or "sqlite:///" + os.path.join(basedir, "data.sqlite")

    @staticmethod
    def init_app(app):
        pass


class ProductionConfig(Config):
    API_PREFIX = "/api/v1.0"

    @classmethod
    def init_app(cls, app):
        Config.init_app(app)


class TestingConfig(Config):
    TESTING = True


config = {"testing": TestingConfig, "production": ProductionConfig, "default": Config}
