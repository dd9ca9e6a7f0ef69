package runner

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// reservedPrefix is of the variables that are the system's own; no application sees or sets them.
const reservedPrefix = "PREVIEW_"

// stopGrace is how long the pod's spec lets the application take to stop.
func stopGrace(environ []string) (time.Duration, error) {
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, runnerapi.EnvStopGrace+"="); ok {
			grace, err := time.ParseDuration(value)
			if err != nil || grace <= 0 || grace > runnerapi.MaxStopGrace {
				return 0, fmt.Errorf("%s must be a duration of more than 0 and at most %s", runnerapi.EnvStopGrace, runnerapi.MaxStopGrace)
			}
			return grace, nil
		}
	}
	return runnerapi.DefaultStopGrace, nil
}

var modulePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)

// maxModule bounds the name of a module to preload, in bytes.
const maxModule = 255

// preload returns the modules that the pod's spec wants loaded beforehand, comma-separated; "" leaves it to the script.
func preload(environ []string) (string, error) {
	for _, entry := range environ {
		value, ok := strings.CutPrefix(entry, runnerapi.EnvPreload+"=")
		if !ok || value == "" {
			continue
		}
		names := strings.Split(value, ",")
		if len(names) > runnerapi.MaxPreload {
			return "", fmt.Errorf("%s names more than %d modules", runnerapi.EnvPreload, runnerapi.MaxPreload)
		}
		for _, name := range names {
			if len(name) > maxModule || !modulePattern.MatchString(name) {
				return "", fmt.Errorf("%s: %.64q is not the name of a module", runnerapi.EnvPreload, name)
			}
		}
		return value, nil
	}
	return "", nil
}

// isWarm reports whether the pod was started before anybody wants it.
func isWarm(environ []string) bool { return slices.Contains(environ, runnerapi.EnvWarm+"=true") }

// baseEnvironment is the runner's environment as its children get it.
func baseEnvironment(environ []string) []string {
	env := make([]string, 0, len(environ)+2)
	home := false
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, reservedPrefix), name == "PYTHONUNBUFFERED":
			continue
		case name == "HOME" && (value == "" || value == "/"):
			// The root is read-only, and what looks for its configuration at home wants to write there too.
			continue
		}
		home = home || name == "HOME"
		env = append(env, entry)
	}
	if !home {
		env = append(env, "HOME="+os.TempDir())
	}
	return append(env, "PYTHONUNBUFFERED=1")
}

// applicationEnvironment is what an assignment adds.
func applicationEnvironment(assignment runnerapi.Assignment) map[string]string {
	env := map[string]string{"PORT": portString(assignment.Port)}
	for _, variable := range assignment.Env {
		env[variable.Name] = variable.Value
	}
	env["PYTHONUNBUFFERED"] = "1"
	return env
}

// mergeEnvironment puts the variables of an application over a base.
func mergeEnvironment(base []string, variables map[string]string) []string {
	env := slices.DeleteFunc(slices.Clone(base), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, replaced := variables[name]
		return replaced
	})
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	return env
}
