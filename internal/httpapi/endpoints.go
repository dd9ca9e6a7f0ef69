package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/store"
)

// endpointsReply is the answer to the question for endpoints.
type endpointsReply struct {
	Endpoints []endpoints.Endpoint `json:"endpoints"`
	Count     int                  `json:"count"`
	// Source says where the endpoints are from.
	Source string `json:"source" enum:"static,live,both,none" doc:"Where they are from, all together."`
	// Diagnostics say why endpoints are missing.
	Diagnostics []endpoints.Diagnostic `json:"diagnostics" doc:"What could not be found out, and why."`
}

const noSource = "none"

// sourceMerged asks for everything that is known.
const sourceMerged = "merged"

// endpointSources are what can be asked for.
var endpointSources = []string{endpoints.SourceStatic, endpoints.SourceLive, sourceMerged}

// Codes of the diagnostics that say no more than that an application was not asked, or has no document.
const (
	codeNotRunning = "not-running"
	codeNoDocument = "no-document"
)

func (a *API) endpointsOperation(path string) operation {
	return operation{
		method: http.MethodGet, path: path + "/endpoints", id: "listEndpoints", tag: tagUse,
		summary: "Endpoints of the application",
		description: "As its files tell (`static`: also before it is launched and after it has stopped, and when it does not run at all), as the running application describes " +
			"them at `/openapi.json` (`live`), or both merged, in the order of their paths and methods; at most " + fmt.Sprint(endpoints.MaxEndpoints) +
			". What could not be found out is told in `diagnostics`. Other parameters are refused. Asking does not keep a preview from being idle.",
		params: []*huma.Param{queryParam(querySource, "Where they are to be from.", &huma.Schema{
			Type: huma.TypeString, Enum: []any{endpoints.SourceStatic, endpoints.SourceLive, sourceMerged}, Default: sourceMerged,
		})},
		answers:  []answerSpec{{status: http.StatusOK, description: "The endpoints that are known.", json: endpointsReply{}}},
		problems: []kind{kindNoGeneration, kindBusy},
		handle:   a.listEndpoints,
	}
}

// listEndpoints answers for every generation that there is, with or without a preview.
func (a *API) listEndpoints(c *gin.Context) (reply, error) {
	_, meta, err := a.generation(c, accessPreview)
	if err != nil {
		return reply{}, err
	}
	source, err := readEndpointSource(c.Request.URL.RawQuery)
	if err != nil {
		return reply{}, err
	}
	answer, err := a.endpointsOf(c.Request.Context(), meta, source)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: answer}, nil
}

func readEndpointSource(rawQuery string) (string, error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return "", invalid("query", "is not a query string")
	}
	source := sourceMerged
	for name, given := range values {
		switch {
		case name != querySource:
			return "", invalid(clip(name), "unknown parameter; there is %s", querySource)
		case len(given) != 1:
			return "", invalid(name, "must be given once")
		case !slices.Contains(endpointSources, given[0]):
			return "", invalid(name, "must be one of %s", strings.Join(endpointSources, ", "))
		}
		source = given[0]
	}
	return source, nil
}

func (a *API) endpointsOf(ctx context.Context, meta store.Meta, source string) (endpointsReply, error) {
	pvi, err := a.cachedInstance(meta)
	if err != nil && !errors.Is(err, errNoInstance) {
		return endpointsReply{}, err
	}
	switch source {
	case endpoints.SourceStatic:
		return a.staticEndpoints(ctx, meta, pvi)
	case endpoints.SourceLive:
		return a.liveEndpoints(ctx, meta, pvi)
	}
	static, err := a.staticEndpoints(ctx, meta, pvi)
	if err != nil {
		return endpointsReply{}, err
	}
	live, err := a.liveEndpoints(ctx, meta, pvi)
	if err != nil {
		return endpointsReply{}, err
	}
	return merged(static, live), nil
}

// merged puts both answers together. That an application does not run, or has no document, takes nothing away from what its
// files tell, so that it is not told then.
func merged(static, live endpointsReply) endpointsReply {
	answer := endpointsReply{Endpoints: endpoints.Merge(static.Endpoints, live.Endpoints), Source: noSource, Diagnostics: []endpoints.Diagnostic{}}
	answer.Count = len(answer.Endpoints)
	for _, e := range answer.Endpoints {
		switch answer.Source {
		case noSource:
			answer.Source = e.Source
		case e.Source:
		default:
			answer.Source = endpoints.SourceBoth
		}
	}
	answer.Diagnostics = append(answer.Diagnostics, static.Diagnostics...)
	for _, d := range live.Diagnostics {
		if static.Count == 0 || d.Code != codeNotRunning && d.Code != codeNoDocument {
			answer.Diagnostics = append(answer.Diagnostics, d)
		}
	}
	return answer
}

// liveEndpoints are those that the application tells of, if it runs; the instance is nil when there is none.
func (a *API) liveEndpoints(ctx context.Context, meta store.Meta, pvi *v1alpha1.PreviewInstance) (endpointsReply, error) {
	if pvi == nil {
		return noEndpoints(codeNotRunning, "the generation has no preview; launch it"), nil
	}
	target, err := a.target(ctx, pvi, meta)
	if errors.Is(err, proxy.ErrNotRunning) {
		return noEndpoints(codeNotRunning, "the preview is not running: it is "+statusWord(pvi)), nil
	}
	if err != nil {
		return endpointsReply{}, err
	}
	return a.discovered.of(ctx, target, func() (endpointsReply, error) { return a.discover(ctx, target) })
}

func noEndpoints(code, message string) endpointsReply {
	return endpointsReply{Endpoints: []endpoints.Endpoint{}, Source: noSource, Diagnostics: []endpoints.Diagnostic{{Code: code, Message: message}}}
}
