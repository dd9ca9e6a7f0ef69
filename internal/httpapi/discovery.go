package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/proxy"
)

const (
	// maxDocumentBytes bounds the OpenAPI document of an application.
	maxDocumentBytes = 2 << 20
	// documentPath is where FastAPI serves it.
	documentPath = "/openapi.json"
	// noDocumentFor is how long it is remembered that an application has no document: it may still be starting.
	noDocumentFor = 10 * time.Second
	// maxDiscovered bounds the applications whose endpoints are remembered, with up to some 2 MiB each.
	maxDiscovered = 32
)

// discover asks the application for its document. An error is one of the caller or of the gateway; what is wrong with the
// application is in the answer.
func (a *API) discover(ctx context.Context, target proxy.Target) (endpointsReply, error) {
	release, err := a.requests.acquire(ctx)
	if err != nil {
		return endpointsReply{}, err
	}
	defer release()
	request, err := proxy.NewRequest(proxy.Envelope{
		Method: http.MethodGet, Path: documentPath, Header: map[string][]string{"Accept": {"application/json"}},
	})
	if err != nil {
		return endpointsReply{}, err
	}
	response, err := a.forwarder.Do(ctx, target, request.Within(maxDocumentBytes))
	switch {
	case errors.Is(err, proxy.ErrTimeout):
		return noEndpoints("timed-out", fmt.Sprintf("%s was not answered within %s", documentPath, a.forwarder.Timeout())), nil
	case errors.Is(err, proxy.ErrTooLarge):
		return noEndpoints("too-large", fmt.Sprintf("%s has more than %d bytes", documentPath, maxDocumentBytes)), nil
	case errors.Is(err, proxy.ErrRefused):
		return noEndpoints("refused", "nothing listens on the application's port"), nil
	case errors.Is(err, proxy.ErrBroken):
		return noEndpoints("broken", "the application broke off its answer"), nil
	case err != nil:
		return endpointsReply{}, err
	case response.Status != http.StatusOK:
		return noEndpoints(codeNoDocument, fmt.Sprintf("the application answers %s with %d", documentPath, response.Status)), nil
	}
	return endpointsIn(response.Body), nil
}

// endpointsIn reads a document.
func endpointsIn(document []byte) endpointsReply {
	list, err := endpoints.FromOpenAPI(document)
	switch {
	case errors.Is(err, endpoints.ErrNotJSON):
		return noEndpoints("not-json", documentPath+" is not JSON")
	case err != nil:
		return noEndpoints("not-openapi", documentPath+" is neither OpenAPI 3 nor Swagger 2")
	}
	answer := endpointsReply{Endpoints: list.Endpoints, Count: len(list.Endpoints), Source: endpoints.SourceLive, Diagnostics: []endpoints.Diagnostic{}}
	if list.Cut {
		answer.Diagnostics = append(answer.Diagnostics, endpoints.Diagnostic{
			Code: endpoints.CodeCut, Message: fmt.Sprintf("there are more than %d endpoints", endpoints.MaxEndpoints),
		})
	}
	if list.LeftOut > 0 {
		answer.Diagnostics = append(answer.Diagnostics, endpoints.LeftOut(list.LeftOut))
	}
	return answer
}

// discoveries remembers the endpoints of previews that run. The code of an instance never changes, and so its endpoints
// do not.
type discoveries struct {
	now func() time.Time

	mu    sync.Mutex
	known map[string]*discovery
}

// discovery is one application's endpoints. Those who ask while it is under way wait for it.
type discovery struct {
	target proxy.Target
	// done is closed when answer, until and err are set.
	done   chan struct{}
	answer endpointsReply
	// until is when the answer is no longer to be used; never when zero.
	until time.Time
	err   error
}

func newDiscoveries(now func() time.Time) *discoveries {
	return &discoveries{now: now, known: map[string]*discovery{}}
}

// of returns the endpoints of a target, and finds them out unless they are known. An error is not remembered.
func (d *discoveries) of(ctx context.Context, target proxy.Target, find func() (endpointsReply, error)) (endpointsReply, error) {
	for {
		found, mine := d.begin(target)
		if mine {
			d.finish(found, find)
			return found.answer, found.err
		}
		select {
		case <-ctx.Done():
			return endpointsReply{}, ctx.Err()
		case <-found.done:
		}
		// The error may be that of a caller who has gone: another one tries again.
		if !errors.Is(found.err, context.Canceled) {
			return found.answer, found.err
		}
	}
}

// begin returns what is known or being found out, or else a new discovery that is the caller's to finish.
func (d *discoveries) begin(target proxy.Target) (found *discovery, mine bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.known[target.InstanceUID]
	if ok && found.target == target && (found.until.IsZero() || d.now().Before(found.until)) {
		return found, false
	}
	for uid := range d.known {
		if len(d.known) < maxDiscovered {
			break
		}
		// Any will do: it is found out again when somebody asks.
		delete(d.known, uid)
	}
	found = &discovery{target: target, done: make(chan struct{})}
	d.known[target.InstanceUID] = found
	return found, true
}

func (d *discoveries) finish(found *discovery, find func() (endpointsReply, error)) {
	answer, err := endpointsReply{}, error(&failure{kind: kindInternal, detail: "the request id finds the cause in our log"})
	// Also when find panics: whoever waits must not wait forever.
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		found.answer, found.err = answer, err
		if answer.Source == noSource {
			found.until = d.now().Add(noDocumentFor)
		}
		if err != nil && d.known[found.target.InstanceUID] == found {
			delete(d.known, found.target.InstanceUID)
		}
		close(found.done)
	}()
	answer, err = find()
}

// forget drops what is known of an instance that does not run.
func (d *discoveries) forget(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, string(uid))
}
