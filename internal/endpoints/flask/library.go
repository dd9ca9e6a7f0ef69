package flask

import (
	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// library is what the interpreter knows of Flask and its extensions.
func (m *model) library() python.Library {
	classes := []*python.NativeClass{
		m.appClass(), m.blueprintClass(), m.setupClass(), m.contextClass(), m.proxyClass(), m.configClass(), m.classfulClass(), m.sockClass(),
	}
	for _, more := range [][]*python.NativeClass{
		m.viewClasses(), m.restfulClasses(), m.restxClasses(), m.smorestClasses(), m.apiflaskClasses(), m.openapi3Classes(), pagesClasses(),
	} {
		classes = append(classes, more...)
	}
	proxy := python.NativeFunc(func(*python.Call) python.Value { return m.proxy() })
	return python.Library{
		Classes: classes,
		Functions: map[string]python.NativeFunc{
			"flask_classful.route": m.classfulRoute, "flask_classy.route": m.classfulRoute,
			"flask.globals.get_current_app": proxy,
			"flask.stream_with_context":     passOn, "flask.helpers.stream_with_context": passOn,
			// These return the application, or the Api, that they are given.
			"quart_cors.cors": passOn, "flask_restful_swagger.swagger.docs": passOn,
		},
		Values:  map[string]python.Value{"flask.current_app": &python.Instance{}},
		Aliases: map[string]string{"flask_restplus": "flask_restx", "flask.globals.current_app": "flask.current_app", "quart.current_app": "flask.current_app", "flask.ext.restful": "flask_restful"},
	}
}

func passOn(c *python.Call) python.Value {
	if len(c.Positional) == 0 {
		return python.Unknown{}
	}
	return c.Positional[0]
}

// proxy is what current_app is.
func (m *model) proxy() python.Value {
	return m.in.Construct(m.in.Native(proxyPath).(*python.Class), nil, nil)
}
