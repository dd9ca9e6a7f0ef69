package endpoints

import (
	"fmt"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// FromRoutes makes a result of what resolvers found: bounded, cleaned, ordered. Of several routes with the same method and
// path the first one is taken, which is the one that answers. A resolver works on hostile input, so nothing that it says is
// taken as it is.
func FromRoutes(found ...route.Found) Result {
	result := Result{Endpoints: []Endpoint{}, Diagnostics: []Diagnostic{}}
	seen := map[[2]string]bool{}
	leftOut, cut := 0, false
	for _, f := range found {
		for i := range f.Routes {
			e, ok := fromRoute(&f.Routes[i])
			key := [2]string{e.Method, e.Path}
			switch {
			case !ok:
				leftOut++
			case seen[key]:
			case len(result.Endpoints) == MaxEndpoints:
				cut = true
			default:
				seen[key] = true
				result.Endpoints = append(result.Endpoints, e)
			}
		}
	}
	sortEndpoints(result.Endpoints)
	result.Count = len(result.Endpoints)
	if cut {
		result.Say(Diagnostic{Code: CodeCut, Message: fmt.Sprintf("there are more than %d endpoints", MaxEndpoints)})
	}
	if leftOut > 0 {
		result.Say(LeftOut(leftOut))
	}
	if boundTexts(result.Endpoints) {
		result.Say(Diagnostic{Code: CodeCut, Message: fmt.Sprintf("the texts have more than %d bytes: descriptions are left out", MaxTextBytes)})
	}
	for _, f := range found {
		for _, d := range f.Diagnostics {
			result.Say(Diagnostic(d))
		}
	}
	return result
}

// Codes of diagnostics that several sources have.
const (
	// CodeCut: there is more than is shown.
	CodeCut = "cut"
	// CodeLeftOut: some paths cannot be shown.
	CodeLeftOut = "paths-left-out"
)

// LeftOut says how many paths were left out, and why.
func LeftOut(paths int) Diagnostic {
	return Diagnostic{Code: CodeLeftOut, Message: fmt.Sprintf(
		"%d paths do not begin with /, have control characters or more than %d bytes", paths, MaxPathBytes)}
}

// Say adds a diagnostic unless it is there already or there are too many.
func (r *Result) Say(d Diagnostic) {
	d = Diagnostic{Code: clean(d.Code, MaxNameBytes), Message: clean(d.Message, MaxMessageBytes), File: cleanFile(d.File), Line: max(d.Line, 0)}
	if len(r.Diagnostics) == MaxDiagnostics {
		return
	}
	for _, known := range r.Diagnostics {
		if known == d {
			return
		}
	}
	if r.Diagnostics = append(r.Diagnostics, d); len(r.Diagnostics) == MaxDiagnostics {
		r.Diagnostics[MaxDiagnostics-1] = Diagnostic{Code: CodeCut, Message: fmt.Sprintf("there are more than %d diagnostics", MaxDiagnostics-1)}
	}
}

// fromRoute is not ok when the route has no method or path that can be shown.
func fromRoute(r *route.Route) (e Endpoint, ok bool) {
	if !validPath(r.Path) || !validMethod(r.Method) {
		return e, false
	}
	e = Endpoint{
		Path: r.Path, Method: r.Method, Summary: clean(r.Summary, MaxSummaryBytes), Description: clean(r.Description, MaxDescriptionBytes),
		Tags: []string{}, OperationID: clean(r.OperationID, MaxSummaryBytes), Deprecated: r.Deprecated,
		File: cleanFile(r.File), Line: max(r.Line, 0), Framework: clean(r.Framework, MaxNameBytes), Confidence: route.Likely,
		Mounted: r.Mounted, Source: SourceStatic,
	}
	if r.Confidence == route.Exact {
		e.Confidence = route.Exact
	}
	for _, tag := range r.Tags {
		if len(e.Tags) == MaxTags {
			break
		}
		if tag != "" {
			e.Tags = append(e.Tags, clean(tag, MaxTagBytes))
		}
	}
	for _, p := range r.Params {
		e.addParam(Param(p))
	}
	return e, true
}

// addParam adds a parameter that can be shown, once.
func (e *Endpoint) addParam(p Param) {
	switch p.In {
	case "path", "query", "header", "cookie":
	default:
		return
	}
	if p.Name == "" || !short(p.Name, MaxNameBytes) || len(e.Params) == MaxParams {
		return
	}
	for _, known := range e.Params {
		if known.Name == p.Name && known.In == p.In {
			return
		}
	}
	if !short(p.Type, MaxNameBytes) {
		p.Type = ""
	}
	if !short(p.Pattern, MaxPatternBytes) {
		p.Pattern = ""
	}
	e.Params = append(e.Params, p)
}

// short reports whether a name or an expression can be shown as it is: a part of it would be another one.
func short(text string, most int) bool {
	return len(text) <= most && !strings.ContainsFunc(text, isControl)
}

func cleanFile(file string) string {
	if !short(file, MaxPathBytes) {
		return ""
	}
	return file
}

// validMethod takes every token of upper-case letters, also those that no standard has.
func validMethod(method string) bool {
	return method != "" && len(method) <= maxMethodBytes && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}

// boundTexts leaves out descriptions from where the texts become too many, and reports whether it did.
func boundTexts(all []Endpoint) (cut bool) {
	total := 0
	for i := range all {
		e := &all[i]
		rest := len(e.Path) + len(e.Summary) + len(e.OperationID) + len(e.File)
		for _, tag := range e.Tags {
			rest += len(tag)
		}
		for _, p := range e.Params {
			rest += len(p.Name) + len(p.Type) + len(p.Pattern)
		}
		if total+rest+len(e.Description) > MaxTextBytes {
			cut = cut || e.Description != ""
			e.Description = ""
		}
		total += rest + len(e.Description)
	}
	return cut
}
