package javascript

// services models containers that make what is asked for, as typedi, tsyringe and inversify do. Classes are constructed
// with arguments that are not known, once.
type services struct {
	tokens []Value
	makers []func() Value
}

func (s *services) add(token Value, maker func() Value) {
	if len(s.tokens) < maxItems {
		s.tokens, s.makers = append(s.tokens, token), append(s.makers, maker)
	}
}

// once makes a maker that keeps what it made.
func once(maker func() Value) func() Value {
	var made Value
	done := false
	return func() Value {
		if !done {
			done = true
			made = maker()
		}
		return made
	}
}

func (in *Interpreter) instanceOf(class Value) func() Value {
	return once(func() Value { return in.construct(class, &Call{In: in, New: true, Open: true}) })
}

func (s *services) get(c *Call) Value {
	token := c.Arg(0)
	if IsUnknown(token) {
		return &Unknown{Name: "a service"}
	}
	for i := len(s.tokens) - 1; i >= 0; i-- {
		if equal, _ := StrictEqual(s.tokens[i], token); equal {
			return s.makers[i]()
		}
	}
	if !IsCallable(token) {
		return &Unknown{Name: "a service"}
	}
	maker := c.In.instanceOf(token)
	s.add(token, maker)
	return maker()
}

// container makes an object with the methods of all of them.
func (in *Interpreter) container() *Object {
	s := &services{}
	o := in.Object()
	o.Open = true
	value := func(c *Call) Value {
		v := c.Arg(1)
		s.add(c.Arg(0), func() Value { return v })
		return o
	}
	in.define(o, methods{
		"get": s.get, "resolve": s.get, "set": value, "registerInstance": value,
		"registerSingleton": func(c *Call) Value {
			class := c.Arg(0)
			if len(c.Args) > 1 {
				class = c.Arg(1)
			}
			s.add(c.Arg(0), c.In.instanceOf(class))
			return o
		},
		"register": func(c *Call) Value {
			switch provider := c.Arg(1); {
			case c.In.option(provider, "useValue") != nil:
				v := c.In.option(provider, "useValue")
				s.add(c.Arg(0), func() Value { return v })
			case c.In.option(provider, "useClass") != nil:
				s.add(c.Arg(0), c.In.instanceOf(c.In.option(provider, "useClass")))
			case c.In.option(provider, "useFactory") != nil:
				s.add(c.Arg(0), once(func() Value { return c.In.Call(c.In.option(provider, "useFactory"), nil, []Value{o}) }))
			}
			return o
		},
		"bind": func(c *Call) Value { return s.bind(c) },
	})
	return o
}

// bind is inversify's, which is told what is bound by a method of its result.
func (s *services) bind(c *Call) Value {
	token := c.Arg(0)
	bound := c.In.Object()
	bound.Open = true
	c.In.define(bound, methods{
		"to": func(c *Call) Value {
			s.add(token, c.In.instanceOf(c.Arg(0)))
			return bound
		},
		"toSelf": func(c *Call) Value {
			s.add(token, c.In.instanceOf(token))
			return bound
		},
		"toConstantValue": func(c *Call) Value {
			v := c.Arg(0)
			s.add(token, func() Value { return v })
			return bound
		},
	})
	return bound
}

func containerModule(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	shared := in.container()
	o.Set("container", shared)
	constructor := in.Func("Container", func(c *Call) Value { return c.In.container() })
	for _, name := range []string{"get", "set", "has", "resolve"} {
		if property := shared.Own(name); property != nil {
			constructor.Hide(name, property.Value)
		}
	}
	o.Set("Container", constructor)
	o.Set("default", constructor)
	return o
}
