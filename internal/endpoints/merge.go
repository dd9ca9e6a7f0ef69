package endpoints

import (
	"slices"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// frameworkFastAPI describes itself whole; no other framework does by itself.
const frameworkFastAPI = "fastapi"

// Merge puts together what the files of an application tell and what it says of itself while it runs, by method and path.
// What it says is true: it wins where both know an endpoint, and a FastAPI route that it does not name does not exist,
// unless no document can name it (WebSocket, mounted applications). A document that is not of the whole application, as
// one that was written by hand for a few routes, takes nothing away.
func Merge(static, live []Endpoint) []Endpoint {
	whole := isWhole(static, live)
	merged := make([]Endpoint, 0, len(live)+len(static))
	place := make(map[[2]string]int, len(live))
	for _, e := range live {
		place[[2]string{e.Method, e.Path}] = len(merged)
		e.Source = SourceLive
		merged = append(merged, e)
	}
	for _, e := range static {
		at, both := place[[2]string{e.Method, e.Path}]
		switch {
		case both:
			merged[at] = together(e, merged[at], whole)
		case whole && covered(e):
		default:
			e.Source = SourceStatic
			merged = append(merged, e)
		}
	}
	sortEndpoints(merged)
	// What runs is kept when there is too much.
	for i := len(merged) - 1; i >= 0 && len(merged) > MaxEndpoints; i-- {
		if merged[i].Source == SourceStatic {
			merged = slices.Delete(merged, i, i+1)
		}
	}
	return merged
}

// covered reports whether the document of a FastAPI application names an endpoint if it exists.
func covered(e Endpoint) bool {
	return e.Framework == frameworkFastAPI && e.Method != route.WebSocket && !e.Mounted
}

// isWhole tells a document that FastAPI makes of all its routes from one that leaves most of them out. Counts are compared,
// not names: where the files were misread, the names differ and the document is right.
func isWhole(static, live []Endpoint) bool {
	known := 0
	for _, e := range static {
		if covered(e) {
			known++
		}
	}
	return known > 0 && 2*len(live) >= known
}

// together is an endpoint that both sources know.
func together(static, live Endpoint, whole bool) Endpoint {
	e := live
	e.Source = SourceBoth
	e.File, e.Line, e.Framework, e.Confidence, e.Mounted = static.File, static.Line, static.Framework, static.Confidence, static.Mounted
	if !whole && e.Summary == "" && e.Description == "" {
		e.Summary, e.Description = static.Summary, static.Description
	}
	if !whole && len(e.Tags) == 0 {
		e.Tags = static.Tags
	}
	e.Params = slices.Clone(live.Params)
	for _, p := range static.Params {
		if i := slices.IndexFunc(e.Params, func(q Param) bool { return q.Name == p.Name && q.In == p.In }); i < 0 {
			e.addParam(p)
		} else if e.Params[i].Pattern == "" {
			e.Params[i].Pattern = p.Pattern
		}
	}
	return e
}
