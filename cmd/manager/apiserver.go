package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

const (
	// apiServerWait is less than the chart's startup probe of the manager grants (60 s).
	apiServerWait = 45 * time.Second
	// apiServerPoll is the time between two questions.
	apiServerPoll = 500 * time.Millisecond
	// apiServerAnswer is how long an answer may take.
	apiServerAnswer = 5 * time.Second
)

// awaitAPIServer waits until the API server says which version it has. A manager that ends because nobody answers is
// started again by the node later and later, up to five minutes; one that waits is there when the API server is. Refusals
// are waited out, too: an API server that has just begun knows neither all tokens nor all roles. It fails when that takes
// longer than limit.
func awaitAPIServer(ctx context.Context, kube *rest.Config, logger logr.Logger, limit, poll time.Duration) error {
	asking := rest.CopyConfig(kube)
	asking.Timeout = apiServerAnswer
	client, err := discovery.NewDiscoveryClientForConfig(asking)
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, poll, limit, true, func(context.Context) (bool, error) {
		_, err := client.ServerVersion()
		if err != nil && last == nil {
			logger.Info("waiting for the API server", "limit", limit.String(), "error", err.Error())
		}
		last = err
		return err == nil, nil
	})
	if errors.Is(err, context.DeadlineExceeded) && last != nil {
		return fmt.Errorf("the API server at %s did not say which version it has within %s: %w", kube.Host, limit, last)
	}
	return err
}
