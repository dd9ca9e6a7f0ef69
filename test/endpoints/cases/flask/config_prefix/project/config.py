import os

basedir = os.path.abspath(os.path.dirname(__file__))


class Config:
    API_PREFIX = os.environ.get("API_PREFIX", "/api")
    API_VERSION = "v1"
    lower = "no"

    @staticmethod
    def init_app(app):
        pass


class DevelopmentConfig(Config):
    DEBUG = True


class ProductionConfig(Config):
    API_VERSION = "v2"

    @classmethod
    def init_app(cls, app):
        Config.init_app(app)


config = {"development": DevelopmentConfig, "production": ProductionConfig, "default": DevelopmentConfig}
