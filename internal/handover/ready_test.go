package handover_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

func readyTarget(t *testing.T, server *httptest.Server) handover.Target {
	return handover.Target{PodName: "pod", PodUID: podUID, Address: strings.TrimPrefix(server.URL, "http://"), Secret: secretOf(t, "pod")}
}

func TestReadyAsksUntilTheRunnerIs(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != runnerapi.PathReadyz || !r.URL.Query().Has(runnerapi.QueryWait) || r.Header.Get("Authorization") != "" {
			t.Errorf("asked for %s with headers %v", r.URL, r.Header)
		}
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	client, err := handover.New(handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ready(t.Context(), readyTarget(t, server)); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

func TestReadyEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	client, err := handover.New(handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if err := client.Ready(ctx, readyTarget(t, server)); !errors.Is(err, handover.ErrUnreachable) {
		t.Errorf("Ready() = %v, want ErrUnreachable", err)
	}
}
