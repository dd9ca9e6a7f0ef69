package podlogs

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func TestKubernetesSource(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/v1/namespaces/previews/pods/live/log":
			_, _ = io.WriteString(w, "2026-01-02T03:04:05Z hello\n")
		case "/api/v1/namespaces/previews/pods/waiting/log":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"BadRequest","code":400}`)
		case "/api/v1/namespaces/previews/pods/live":
			_, _ = io.WriteString(w, `{"kind":"Pod","apiVersion":"v1","status":{"phase":"Running"}}`)
		case "/api/v1/namespaces/previews/pods/failed":
			_, _ = io.WriteString(w, `{"kind":"Pod","apiVersion":"v1","status":{"phase":"Failed"}}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)
		}
	}))
	defer server.Close()
	config := &rest.Config{Host: server.URL}
	httpClient := server.Client()
	client, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	source := NewKubernetesSource(client.CoreV1().Pods("previews"), "runner")

	stream, err := source.Open(t.Context(), "live", time.Time{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(stream); err != nil || string(text) != "2026-01-02T03:04:05Z hello\n" {
		t.Errorf("stream: %q, %v", text, err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	stream, err = source.Open(t.Context(), "live", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	want := []string{
		"GET /api/v1/namespaces/previews/pods/live/log?container=runner&follow=true&tailLines=100&timestamps=true",
		"GET /api/v1/namespaces/previews/pods/live/log?container=runner&follow=true&sinceTime=2026-01-02T03%3A04%3A05Z&timestamps=true",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}

	if _, err := source.Open(t.Context(), "gone", time.Time{}, 100); !errors.Is(err, ErrGone) {
		t.Errorf("a pod that is gone: %v, want ErrGone", err)
	}
	if _, err := source.Open(t.Context(), "waiting", time.Time{}, 100); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("a pod that waits to start: %v, want an error that is not ErrGone", err)
	}
	for pod, want := range map[string]bool{"live": false, "failed": true, "gone": true} {
		if ended, err := source.Ended(t.Context(), pod); err != nil || ended != want {
			t.Errorf("pod %s: ended %v, %v, want %v", pod, ended, err, want)
		}
	}
	httpClient.CloseIdleConnections()
}
