// Package endpoints finds out which routes a generated application has.
package endpoints

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is found. The application is somebody else's: what it says about itself is shown, and never trusted.
const (
	// MaxEndpoints bounds the endpoints of one application.
	MaxEndpoints = 1000
	// MaxPathBytes bounds a path; longer ones are left out, for half a path would be another one.
	MaxPathBytes = 1024
	// MaxSummaryBytes, MaxDescriptionBytes and MaxTagBytes bound the texts, of which the rest is cut off, and MaxTags
	// the tags of one endpoint.
	MaxSummaryBytes     = 256
	MaxDescriptionBytes = 2048
	MaxTagBytes         = 64
	MaxTags             = 16
)

// SourceLive marks an endpoint that the running application described itself.
const SourceLive = "live"

var (
	// ErrNotJSON: the document is not JSON, or is nested too deep for encoding/json.
	ErrNotJSON = errors.New("the document is not JSON")
	// ErrNotOpenAPI: it does not say that it is OpenAPI 3 or Swagger 2, or its paths are no object.
	ErrNotOpenAPI = errors.New("the document is not an OpenAPI document")
)

// Endpoint is one method of one path.
type Endpoint struct {
	Path        string   `json:"path"`
	Method      string   `json:"method"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	OperationID string   `json:"operation_id,omitempty"`
	Deprecated  bool     `json:"deprecated,omitempty"`
	// Source says how it was found.
	Source string `json:"source" enum:"live"`
}

// List is what was found.
type List struct {
	// Endpoints ordered by path, then method.
	Endpoints []Endpoint
	// Cut is set when there are more than MaxEndpoints.
	Cut bool
	// LeftOut counts paths that are none, or too long.
	LeftOut int
}

func sortEndpoints(all []Endpoint) {
	slices.SortFunc(all, func(a, b Endpoint) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
}

// validPath reports whether a path can be shown and asked for.
func validPath(path string) bool {
	return strings.HasPrefix(path, "/") && len(path) <= MaxPathBytes && !strings.ContainsFunc(path, isControl)
}

// isControl also names what reorders text: it could make one path look like another.
func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// clean drops control characters, which would act in somebody's terminal, and cuts what is too long.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if isControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	if len(text) <= most {
		return text
	}
	const mark = "…"
	end := most - len(mark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
