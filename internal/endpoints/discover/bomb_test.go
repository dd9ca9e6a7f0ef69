package discover

import (
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints"
)

// bombs are projects without a route, in which little leads to many ways from one part to another.
var bombs = map[string]map[string]string{
	"fastapi: applications mounted in themselves": {"main.py": "from fastapi import FastAPI\napp = FastAPI()\nfor i in range(10):\n    app.mount('/%d' % i, app)\n"},
	"fastapi: wrapped applications":               {"main.py": "from fastapi import FastAPI\nfrom x import W\napp = W(1)\nfor i in range(40):\n    app = W(app, app, app, app, app, app, app, app, app, app, app, a=app)\n"},
	"django: urls that include themselves": {
		"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'web.settings')", "web/settings.py": "ROOT_URLCONF = 'web.urls'",
		"web/urls.py": "from django.urls import include, path\nurlpatterns = [path('%d/' % i, include('web.urls')) for i in range(10)]\n",
	},
	"django: lists of urls": {
		"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'web.settings')", "web/settings.py": "ROOT_URLCONF = 'web.urls'",
		"web/urls.py": "from django.urls import include, path\nu = []\nfor i in range(40):\n    u = [path('a/', include(u)), path('b/', include(u))]\nurlpatterns = u\n",
	},
	"django: sockets": {
		"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'web.settings')", "web/settings.py": "ROOT_URLCONF = 'web.urls'\nASGI_APPLICATION = 'web.asgi.application'",
		"web/urls.py": "urlpatterns = []", "web/asgi.py": "from x import W\nfrom channels.routing import ProtocolTypeRouter, URLRouter\nfrom django.urls import path\napplication = W(1)\nfor i in range(50):\n    application = W(application, application)\n",
	},
	"django: socket routers": {
		"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'web.settings')", "web/settings.py": "ROOT_URLCONF = 'web.urls'\nASGI_APPLICATION = 'web.asgi.application'",
		"web/urls.py": "urlpatterns = []", "web/asgi.py": "from channels.routing import ProtocolTypeRouter, URLRouter\nfrom django.urls import path\nr = URLRouter([])\nfor i in range(50):\n    r = URLRouter([path('a/', r), path('b/', r)])\napplication = ProtocolTypeRouter({'websocket': r})\n",
	},
	"flask: blueprints in each other": {"app.py": "from flask import Blueprint, Flask\napp = Flask(__name__)\na = Blueprint('a', __name__)\nfor i in range(40):\n    b = Blueprint('b%d' % i, __name__)\n    b.register_blueprint(a, url_prefix='/x', name='x%d' % i)\n    b.register_blueprint(a, url_prefix='/y', name='y%d' % i)\n    a = b\napp.register_blueprint(a)\n"},
	"express: routers in themselves":  {"index.js": "const e = require('express'), app = e(), r = e.Router();\nfor (let i = 0; i < 10; i++) r.use('/' + i, r);\napp.use(r);\napp.listen(1)"},
	"express: routers in each other":  {"index.js": "const e = require('express'), app = e(); let r = e.Router();\nfor (let i = 0; i < 40; i++) { const n = e.Router(); n.use('/a', r); n.use('/b', r); r = n }\napp.use(r);\napp.listen(1)"},
	"express: arrays of middleware":   {"index.js": "const e = require('express'), app = e(); let a = [];\nfor (let i = 0; i < 40; i++) a = [a, a];\napp.use(a); app.get('/', a);\napp.listen(1)"},
	"django: views wrapped in packages": {
		"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'web.settings')", "web/settings.py": "ROOT_URLCONF = 'web.urls'",
		"web/urls.py": "from django.urls import path\nfrom x import W, v\nv = W(v)\nfor i in range(60):\n    v = W(v, v)\nurlpatterns = [path('a/', v)]\n",
	},
	"fastapi: routers in each other": {"main.py": "from fastapi import APIRouter, FastAPI\nr = APIRouter()\nfor i in range(40):\n    n = APIRouter()\n    n.include_router(r, prefix='/a')\n    n.include_router(r, prefix='/b')\n    r = n\napp = FastAPI()\napp.include_router(r)\n"},
	"fastapi: dependencies":          {"main.py": "from fastapi import Depends, FastAPI\ndef d(): pass\nfor i in range(40):\n    def d(a=Depends(d), b=Depends(d)): pass\napp = FastAPI()\napp.get('/')(d)\n"},
}

func TestManyWaysToNothing(t *testing.T) {
	for name, texts := range bombs {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			for file, text := range texts {
				files[file] = []byte(text)
			}
			for _, d := range Discover(t.Context(), files, endpoints.Options{}).Diagnostics {
				if d.Code == codeFailed || d.Code == codeTimedOut {
					t.Errorf("%+v", d)
				}
			}
		})
	}
}
