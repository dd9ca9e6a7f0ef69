package django

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// controllerFunctions are the decorators of Django Ninja Extra: of controllers, and of their methods.
func (m *model) controllerFunctions() map[string]python.NativeFunc {
	functions := map[string]python.NativeFunc{"ninja_extra.api_controller": m.controller}
	for _, method := range []string{"get", "post", "put", "patch", "delete"} {
		declare := func(c *python.Call) python.Value { return m.controllerOperation(c, []string{method}) }
		functions["ninja_extra.http_"+method] = declare
		functions["ninja_extra.route."+method] = declare
	}
	generic := func(c *python.Call) python.Value {
		methods, _ := c.Strs(-1, "methods")
		return m.controllerOperation(c, methods)
	}
	functions["ninja_extra.http_generic"] = generic
	functions["ninja_extra.route.generic"] = generic
	return functions
}

// controllerOperation is @http_get(path, …) and its like: it waits on the method until the class is decorated.
func (m *model) controllerOperation(c *python.Call, methods []string) python.Value {
	made, shown := newOperation(c, methods, 0)
	return python.Decorator("operation", func(_ *python.Call, decorated python.Value) {
		if function, ok := m.in.Unwrap(decorated).(*python.Function); ok && made != nil && shown {
			made.of(function)
			m.operations[function] = made
		}
	})
}

// controller is @api_controller(prefix, tags=…).
func (m *model) controller(c *python.Call) python.Value {
	prefix, known := c.Str(0, "prefix_or_class", "")
	if given := c.Arg(-1, "prefix"); given != nil {
		prefix, known = python.AsStr(given)
	}
	tags, _ := c.Strs(-1, "tags")
	declare := func(class *python.Class) {
		router := &ninjaRouter{tags: tags}
		if len(tags) == 0 {
			router.tags = []string{strings.ReplaceAll(strings.ToLower(class.Name), "controller", "")}
		}
		for i := len(class.MRO) - 1; i >= 0; i-- {
			for _, name := range class.MRO[i].Attrs.Names() {
				value, owner, _ := class.Lookup(name)
				function, ok := m.in.Unwrap(value).(*python.Function)
				if made := m.operations[function]; ok && made != nil && owner == class.MRO[i] {
					router.operations = append(router.operations, made)
				}
			}
		}
		m.controllers[class] = ninjaMount{prefix: prefix, router: router, at: placeOf(c)}
		m.declared = append(m.declared, class)
	}
	if class, ok := c.Arg(0, "prefix_or_class").(*python.Class); ok {
		prefix = ""
		declare(class)
		return class
	}
	if !known {
		c.Diagnose("unknown-path", "what the paths of this controller begin with is not known")
	}
	return python.Decorator("api_controller", func(_ *python.Call, decorated python.Value) {
		if class, ok := decorated.(*python.Class); ok && known {
			declare(class)
		}
	})
}

// registerControllers is api.register_controllers(…).
func (m *model) registerControllers(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*ninjaRouter)
	for _, argument := range c.Positional {
		if dotted, isName := python.AsStr(argument); isName {
			argument = m.in.ImportString(dotted, c.File)
		}
		class, isClass := argument.(*python.Class)
		mount, declared := m.controllers[class]
		if !ok || !isClass || !declared {
			c.Diagnose("unknown-controller", "a controller that is registered here is not known")
			continue
		}
		self.children = append(self.children, mount)
	}
	return nil
}

// discoverControllers is api.auto_discover_controllers(): those of all modules that have run.
func (m *model) discoverControllers(c *python.Call) python.Value {
	if self, ok := c.Self.Native.(*ninjaRouter); ok {
		for _, file := range m.in.Project().Files() {
			if strings.HasSuffix(file, "/api.py") || strings.HasSuffix(file, "/controllers.py") {
				_, _ = m.in.ImportFile(file)
			}
		}
		for _, class := range m.declared {
			self.children = append(self.children, m.controllers[class])
		}
	}
	return nil
}
