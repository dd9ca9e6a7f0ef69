package runnerapi

import (
	"slices"
	"strings"
)

// readAtStart are the variables, and prefixes of variables, that Python or the dynamic linker read once, when a program
// starts: a fork of a running interpreter would ignore them.
var readAtStart = struct {
	prefixes, exempt, names []string
}{
	prefixes: []string{"PYTHON", "LD_", "MALLOC_", "GLIBC_"},
	exempt:   []string{"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"},
	names:    []string{"LANG", "LC_ALL", "LC_CTYPE", "PATH_LOCALE"},
}

// NeedsFreshInterpreter reports whether an environment sets such a variable: its application gets no fork of the
// preloaded interpreter, and starts as slowly as one without a runner.
func NeedsFreshInterpreter(env []EnvVar) bool {
	return slices.ContainsFunc(env, func(variable EnvVar) bool {
		if slices.Contains(readAtStart.exempt, variable.Name) {
			return false
		}
		return slices.Contains(readAtStart.names, variable.Name) ||
			slices.ContainsFunc(readAtStart.prefixes, func(prefix string) bool { return strings.HasPrefix(variable.Name, prefix) })
	})
}
