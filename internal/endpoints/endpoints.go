// Package endpoints finds out which routes a generated application has.
package endpoints

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// Bounds of what is found. The application is somebody else's: what it says about itself is shown, and never trusted.
const (
	// MaxEndpoints bounds the endpoints of one application.
	MaxEndpoints = 1000
	// MaxPathBytes bounds a path; longer ones are left out, for half a path would be another one.
	MaxPathBytes = 1024
	// MaxSummaryBytes, MaxDescriptionBytes and MaxTagBytes bound the texts, of which the rest is cut off, and MaxTags
	// the tags of one endpoint.
	MaxSummaryBytes     = 1024
	MaxDescriptionBytes = 8192
	MaxTagBytes         = 128
	MaxTags             = 16
	// MaxTextBytes bounds the texts of all endpoints together; beyond it descriptions are left out.
	MaxTextBytes = 2 << 20
	// MaxParams bounds the parameters of one endpoint, MaxNameBytes their names and types, and MaxPatternBytes their
	// patterns: of longer ones nothing is said.
	MaxParams       = 64
	MaxNameBytes    = 128
	MaxPatternBytes = 256
	// MaxDiagnostics bounds what is said about what could not be found out, MaxMessageBytes each message.
	MaxDiagnostics  = 100
	MaxMessageBytes = 512
	// maxMethodBytes bounds a method: an application can invent some.
	maxMethodBytes = 32
)

// How an endpoint was found.
const (
	// SourceStatic: by reading the application's files.
	SourceStatic = "static"
	// SourceLive: the running application described it itself.
	SourceLive = "live"
	// SourceBoth: both say so.
	SourceBoth = "both"
)

var (
	// ErrNotJSON: the document is not JSON, or is nested too deep for encoding/json.
	ErrNotJSON = errors.New("the document is not JSON")
	// ErrNotOpenAPI: it does not say that it is OpenAPI 3 or Swagger 2, or its paths are no object.
	ErrNotOpenAPI = errors.New("the document is not an OpenAPI document")
)

// Endpoint is one method of one path.
type Endpoint struct {
	Path        string   `json:"path"`
	Method      string   `json:"method" doc:"In upper case; WEBSOCKET for a path that speaks WebSocket, ALL for one that answers every method."`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	OperationID string   `json:"operation_id,omitempty"`
	Deprecated  bool     `json:"deprecated,omitempty"`
	Params      []Param  `json:"params,omitempty"`
	// File and Line are where it is declared, when that was read.
	File string `json:"file,omitempty" doc:"Where it is declared, in the generation."`
	Line int    `json:"line,omitempty"`
	// Framework and Confidence are those of what was read in the files.
	Framework  string           `json:"framework,omitempty" enum:"fastapi,flask,django,express"`
	Confidence route.Confidence `json:"confidence,omitempty" enum:"exact,likely" doc:"exact: all parts of it are known; likely: something was assumed."`
	// Mounted is set for an application that is mounted in another one, whose document does not tell of it.
	Mounted bool `json:"mounted,omitempty" doc:"Of an application that is mounted in another one, and not in the other one's document."`
	// Source says how it was found.
	Source string `json:"source" enum:"static,live,both"`
}

// Param is something that a request to an endpoint can carry.
type Param struct {
	Name     string `json:"name"`
	In       string `json:"in" enum:"path,query,header,cookie"`
	Type     string `json:"type,omitempty" doc:"Left out when it is not known."`
	Pattern  string `json:"pattern,omitempty" doc:"Converter or regular expression that the value has to match, as the framework spells it."`
	Required bool   `json:"required"`
}

// Diagnostic says what could not be found out, and where.
type Diagnostic struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// Result is what reading the files of an application tells.
type Result struct {
	// Endpoints ordered by path, then method; never nil.
	Endpoints []Endpoint `json:"endpoints"`
	Count     int        `json:"count"`
	// Diagnostics are never nil.
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Options bound the reading of an application's files. Zero values stand for those of DefaultOptions.
type Options struct {
	// MaxFiles bounds the files that are looked at, MaxFileBytes each of them and MaxBytes all together. What is beyond is
	// left out, and said so.
	MaxFiles     int
	MaxFileBytes int
	MaxBytes     int
	// Timeout ends the reading; what was found until then is the result.
	Timeout time.Duration
}

// DefaultOptions take whatever can be stored as a generation.
func DefaultOptions() Options {
	return Options{MaxFiles: 2000, MaxFileBytes: 2 << 20, MaxBytes: 16 << 20, Timeout: 10 * time.Second}
}

// Complete fills in the defaults.
func (o Options) Complete() Options {
	d := DefaultOptions()
	return Options{
		MaxFiles: cmp.Or(o.MaxFiles, d.MaxFiles), MaxFileBytes: cmp.Or(o.MaxFileBytes, d.MaxFileBytes),
		MaxBytes: cmp.Or(o.MaxBytes, d.MaxBytes), Timeout: cmp.Or(o.Timeout, d.Timeout),
	}
}

// List is what a document tells.
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
