package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

func TestAwaitAPIServer(t *testing.T) {
	const version = `{"major":"1","minor":"36"}`
	for name, tc := range map[string]struct {
		refusals int32 // answers with the status before the version
		status   int
		limit    time.Duration
		want     string // of the error
		asked    int32  // 0: any number of times
	}{
		"there":             {limit: time.Minute, asked: 1},
		"starting":          {refusals: 3, status: http.StatusServiceUnavailable, limit: time.Minute, asked: 4},
		"knows nobody yet":  {refusals: 3, status: http.StatusUnauthorized, limit: time.Minute, asked: 4},
		"refused for good":  {refusals: 1 << 30, status: http.StatusUnauthorized, limit: 50 * time.Millisecond, want: "within 50ms: the server has asked for the client to provide credentials"},
		"not there in time": {refusals: 1 << 30, status: http.StatusServiceUnavailable, limit: 50 * time.Millisecond, want: "did not say which version it has within 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if asked.Add(1) <= tc.refusals {
					http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure"}`, tc.status)
					return
				}
				_, _ = w.Write([]byte(version))
			}))
			defer server.Close()
			err := awaitAPIServer(t.Context(), &rest.Config{Host: server.URL}, logr.Discard(), tc.limit, time.Millisecond)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if tc.asked > 0 && asked.Load() != tc.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), tc.asked)
			}
		})
	}
}

func TestAwaitAPIServerEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		http.Error(w, "starting", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	err := awaitAPIServer(ctx, &rest.Config{Host: server.URL}, logr.Discard(), time.Hour, time.Millisecond)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was told to end", err)
	}
}
