package django

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const (
	protocolRouterPath = "channels.routing.ProtocolTypeRouter"
	urlRouterPath      = "channels.routing.URLRouter"
	consumerPath       = "channels.consumer.AsyncConsumer"
)

// protocolRouter is ProtocolTypeRouter({"websocket": …}), urlRouter is URLRouter([…]), middleware wraps one of them.
type (
	protocolRouter struct{ mapping python.Value }
	urlRouter      struct{ routes python.Value }
	middleware     struct{ inner python.Value }
)

func (m *model) channelsClasses() []*python.NativeClass {
	consumer := func(path string) *python.NativeClass {
		return &python.NativeClass{Path: path, ClassMethods: map[string]python.NativeFunc{
			"as_asgi": func(c *python.Call) python.Value {
				return m.instance(asViewPath, &classView{class: c.Class, at: placeOf(c)})
			},
		}}
	}
	return []*python.NativeClass{
		{Path: protocolRouterPath, Alloc: func(*python.Class) any { return &protocolRouter{} }, Init: func(c *python.Call) python.Value {
			if self, ok := c.Self.Native.(*protocolRouter); ok {
				self.mapping = argument(c, 0, "application_mapping")
			}
			return nil
		}},
		{Path: urlRouterPath, Alloc: func(*python.Class) any { return &urlRouter{} }, Init: func(c *python.Call) python.Value {
			if self, ok := c.Self.Native.(*urlRouter); ok {
				self.routes = argument(c, 0, "routes")
			}
			return nil
		}},
		{Path: "channels.middleware.BaseMiddleware", Alloc: func(*python.Class) any { return &middleware{} }, Init: func(c *python.Call) python.Value {
			if self, ok := c.Self.Native.(*middleware); ok {
				self.inner = argument(c, 0, "inner")
			}
			return nil
		}},
		consumer(consumerPath),
		consumer("channels.consumer.SyncConsumer"),
		consumer("channels.generic.websocket.WebsocketConsumer"),
		consumer("channels.generic.websocket.AsyncWebsocketConsumer"),
		consumer("channels.generic.websocket.JsonWebsocketConsumer"),
		consumer("channels.generic.websocket.AsyncJsonWebsocketConsumer"),
		consumer("djangochannelsrestframework.generics.GenericAsyncAPIConsumer"),
	}
}

// walkSockets adds the WebSocket routes of a site's ASGI application.
func (m *model) walkSockets(one site, from string) {
	var application python.Value
	if dotted, ok := python.AsStr(orUnknown(m.setting("ASGI_APPLICATION"))); ok {
		application = m.in.ImportString(dotted, from)
	}
	if application == nil && one.file != "" {
		if root, ok := python.AsStr(orUnknown(m.setting("ROOT_URLCONF"))); ok {
			application = m.in.ImportString(strings.TrimSuffix(root, ".urls")+".asgi.application", from)
		}
	}
	protocols, ok := m.beneath(application, 0).(*protocolRouter)
	if !ok {
		return
	}
	mapping, ok := protocols.mapping.(*python.Dict)
	if !ok {
		return
	}
	if sockets, ok := mapping.GetStr("websocket"); ok {
		if router, ok := m.beneath(sockets, 0).(*urlRouter); ok {
			m.walkSocketRoutes(router, visit{})
			return
		}
		m.in.Diagnose("unknown-websockets", "the WebSocket routes are not known", from, 1)
	}
}

// beneath looks through middleware, and returns what it wraps: a *protocolRouter, a *urlRouter or nil.
func (m *model) beneath(application python.Value, depth int) any {
	if depth > maxDepth || !m.in.Visit() {
		return nil
	}
	switch a := application.(type) {
	case *python.Instance:
		switch native := a.Native.(type) {
		case *protocolRouter, *urlRouter:
			return native
		case *middleware:
			return m.beneath(native.inner, depth+1)
		}
		for _, name := range []string{"inner", "app", "application"} {
			if inner, ok := a.Attrs.Get(name); ok {
				return m.beneath(inner, depth+1)
			}
		}
	case *python.External:
		if a.Call == nil {
			return nil
		}
		for _, argument := range a.Call.Positional {
			if found := m.beneath(argument, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

func (m *model) walkSocketRoutes(router *urlRouter, v visit) {
	if v.depth > maxDepth {
		return
	}
	items, complete := m.in.Iterate(router.routes)
	if !complete {
		m.in.Diagnose("unknown-websockets", "some WebSocket routes are computed at run time", "", 0)
	}
	for _, item := range items {
		if !m.in.Visit() {
			return
		}
		leaf, ok := nativeOf(item).(*urlPattern)
		if !ok {
			continue
		}
		joined, ok := v.join(leaf.pattern)
		if !ok {
			m.in.Diagnose("unknown-path", "this path is not known", leaf.at.file, leaf.at.line)
			continue
		}
		below := visit{joined, nil, v.depth + 1, v.assumed || leaf.at.assumed}
		if nested, ok := m.beneath(leaf.view, 0).(*urlRouter); ok {
			m.walkSocketRoutes(nested, below)
			continue
		}
		one := row{method: route.WebSocket, at: leaf.at}
		if view, ok := nativeOf(m.consumer(leaf.view)).(*classView); ok {
			one.doc, one.at = view.class.Doc, place{file: view.class.File, line: view.class.Line}
		}
		m.add(one, below)
	}
}

// consumer looks through what a consumer is wrapped in.
func (m *model) consumer(value python.Value) python.Value {
	if wrapped, ok := value.(*python.External); ok && wrapped.Call != nil {
		for _, argument := range wrapped.Call.Positional {
			if instance, ok := argument.(*python.Instance); ok {
				return instance
			}
		}
	}
	return value
}
