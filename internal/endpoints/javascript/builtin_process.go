package javascript

import (
	"path"
	"strings"
)

// makeProcess makes process, whose environment is empty.
func (in *Interpreter) makeProcess() *Object {
	p := in.Object()
	p.Open = true
	env := in.Object()
	env.Native = environment{}
	p.Set("env", env)
	p.Set("argv", in.Strings([]string{"/usr/bin/node", root + "/main"}))
	p.Set("platform", "linux")
	p.Set("version", "v20.0.0")
	p.Set("execArgv", in.Array(nil))
	in.define(p, methods{
		"cwd":      func(c *Call) Value { return path.Join(root, c.In.cwd) },
		"exit":     nothing,
		"nextTick": timer,
		"on":       func(c *Call) Value { return c.This },
		"once":     func(c *Call) Value { return c.This },
		"chdir":    nothing,
	})
	return p
}

// environment has what the project's .env files say of variables, by their names.
type environment map[string]string

// environmentFiles are read in this order; the first that has a variable counts.
var environmentFiles = []string{".env", ".env.example", ".env.sample", ".env.development", ".env.local", ".env.dev", ".env.template", ".env.default", ".env.dist", "example.env", "sample.env", "env.example", ".env.production", ".env.test"}

// readEnvironment reads the files of the program's folder, and of the project's.
func (in *Interpreter) readEnvironment() {
	env, ok := in.Get(in.Get(in.globals, "process"), "env").(*Object)
	if !ok {
		return
	}
	examples := environment{}
	env.Native = examples
	for _, dir := range []string{in.cwd, path.Join(in.cwd, "config"), "."} {
		for _, name := range environmentFiles {
			content := in.project.files[path.Join(dir, name)]
			if len(content) > maxConfig {
				continue
			}
			for line := range strings.Lines(string(content)) {
				key, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
				key, value = strings.TrimSpace(key), strings.TrimSpace(value)
				if _, there := examples[key]; found && !there && !strings.HasPrefix(key, "#") && len(examples) < maxItems {
					value, _, _ = strings.Cut(value, " #")
					examples[key] = strings.Trim(strings.TrimSpace(value), `"'`)
				}
			}
		}
	}
}
