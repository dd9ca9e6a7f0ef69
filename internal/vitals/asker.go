package vitals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// maxMemory and maxMicros bound what a runner may claim: 1 PiB and 36,000 years.
	maxMemory = 1 << 50
	maxMicros = 1 << 60
	// maxHeaderBytes bounds the header of an answer.
	maxHeaderBytes = 8 << 10
)

var (
	// errForeign: the address has become another pod's, or the runner has another assignment or none.
	errForeign = errors.New("the runner is not that of the instance")
	errNumbers = errors.New("the runner's numbers are out of bounds")
)

// asker sends the requests about one instance, each over a connection of its own: pod addresses are reused, and whether
// the application accepts connections is part of the question.
type asker struct {
	instanceUID              string
	usageURL, healthURL      string
	observerToken, healthKey string
	transport                *http.Transport
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// newAsker returns an asker whose connections are given up when ctx ends.
func newAsker(ctx context.Context, dial dialFunc, target Target, pod Identity) (*asker, error) {
	observer, err := runnerapi.ObserverToken(pod.SecretHash, pod.PodUID)
	if err != nil {
		return nil, err
	}
	health, err := runnerapi.HealthToken(pod.SecretHash, pod.PodUID)
	if err != nil {
		return nil, err
	}
	address := func(port uint16) string { return "http://" + netip.AddrPortFrom(target.PodIP, port).String() }
	return &asker{
		instanceUID:   target.InstanceUID,
		usageURL:      address(runnerapi.ControlPort) + runnerapi.PathUsage,
		healthURL:     address(target.Port) + runnerapi.PathHealth,
		observerToken: observer,
		healthKey:     health,
		transport: &http.Transport{
			// No Proxy: it would connect on our behalf, to what it takes the address for.
			DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				// The transport goes on dialling after the request's end, which its context does not tell.
				ctx, cancel := context.WithTimeout(ctx, tryTimeout)
				defer cancel()
				return dial(ctx, network, address)
			},
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}, nil
}

// usage asks the runner. What it returns is the instance's, and within bounds.
func (a *asker) usage(ctx context.Context) (runnerapi.Usage, error) {
	var usage runnerapi.Usage
	status, data, err := a.ask(ctx, a.usageURL, "Authorization", "Bearer "+a.observerToken)
	switch {
	case err != nil:
		return usage, err
	case status == http.StatusUnauthorized:
		return usage, errForeign
	case status != http.StatusOK:
		return usage, fmt.Errorf("the runner answered with status %d", status)
	}
	if err := json.Unmarshal(data, &usage); err != nil {
		return usage, err
	}
	if usage.AssignmentID != a.instanceUID {
		return usage, errForeign
	}
	if !within(usage.MemoryBytes, maxMemory) || !within(usage.CPUMicros, maxMicros) || !within(usage.At, maxMicros) {
		return usage, errNumbers
	}
	return usage, nil
}

func within(n, most int64) bool { return n >= 0 && n <= most }

// health asks the application.
func (a *asker) health(ctx context.Context) error {
	status, _, err := a.ask(ctx, a.healthURL, runnerapi.HeaderHealth, a.healthKey)
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("the application answered with status %d", status)
	}
	return err
}

// ask returns the status and the bounded body of an answer. It follows no redirect.
func (a *asker) ask(ctx context.Context, url, header, value string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set(header, value)
	request.Header.Set("User-Agent", "preview-gateway")
	response, err := a.transport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, runnerapi.MaxUsageBytes+1))
	if err != nil {
		return 0, nil, err
	}
	if len(body) > runnerapi.MaxUsageBytes {
		return 0, nil, fmt.Errorf("an answer of more than %d bytes", runnerapi.MaxUsageBytes)
	}
	return response.StatusCode, body, nil
}
