package corpus

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/codebegen/preview-operator/test/corpus/launches"
)

// memberName is a name that can be a field of a spec, without a dot that would make it a path.
var memberName = regexp.MustCompile(`^[A-Za-z_]+$`)

// FromLaunches are the bad launches that can be said as an object: what the gateway refuses, the Kubernetes API must
// refuse for the same reason (CVE-2026-50569). Left out is what only JSON over HTTP has: syntax, repeated names, headers,
// and whether a project is the generation's.
func FromLaunches() []Case {
	var cases []Case
	for _, launch := range launches.All() {
		if launch.ID != "" && launch.Problem == "invalid-request" {
			if id, err := url.PathUnescape(launch.ID); err == nil && utf8.ValidString(id) {
				cases = append(cases, one("launch: "+launch.Name, "spec.generationID", id, "spec.generationID"))
			}
			continue
		}
		var body map[string]any
		if launch.HTTPOnly || launch.Problem != "invalid-request" || json.Unmarshal([]byte(launch.Body), &body) != nil || len(body) != 1 || !utf8.ValidString(launch.Body) {
			continue
		}
		for name, value := range body {
			if c, ok := fromMember("launch: "+launch.Name, name, value); ok {
				cases = append(cases, c)
			}
		}
	}
	return cases
}

func fromMember(title, name string, value any) (Case, bool) {
	switch name {
	case "project_id":
		return Case{}, false
	case "timeout":
		seconds, isNumber := value.(float64)
		switch {
		case isNumber && seconds == 30:
			// A spelling of a good number.
			return Case{}, false
		case isNumber && seconds == math.Trunc(seconds) && math.Abs(seconds) < 1<<53:
			value = int64(seconds)
		}
		return one(title, "spec.startupTimeoutSeconds", value, "spec.startupTimeoutSeconds"), true
	case "entrypoint":
		return one(title, "spec.entrypoint", value, "spec.entrypoint"), true
	case "env":
		variables, ok := value.(map[string]any)
		if !ok {
			return Case{}, false
		}
		return fromEnv(title, variables)
	}
	if !memberName.MatchString(name) {
		return Case{}, false
	}
	return one(title, "spec."+name, value, fmt.Sprintf("unknown field %q", "spec."+name)), true
}

// fromEnv leaves out what JSON repairs on the way: null is the same as nothing in an object, and half a character was
// replaced.
func fromEnv(title string, variables map[string]any) (Case, bool) {
	var list []any
	for name, value := range variables {
		if text, isText := value.(string); value == nil || isText && strings.ContainsRune(text, utf8.RuneError) {
			return Case{}, false
		}
		list = append(list, map[string]any{"name": name, "value": value})
	}
	return one(title, "spec.env", list, "spec.env"), true
}
