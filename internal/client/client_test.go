package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary must never be seen in an error.
const canary = "canary-bearer-token"

// serve returns a client of a gateway that a test plays.
func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := New(Options{BaseURL: server.URL + "/", Token: StaticToken(canary), Transport: server.Client().Transport, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	c.patience = patience{idle: 10 * time.Second, retry: 20 * time.Millisecond}
	return c
}

// seen is what a gateway saw of a request.
type seen struct {
	Method, Target, Authorization, ContentType, Prefer, PreviewToken string
	Body                                                             string
}

// record plays a gateway that answers everything alike.
func record(t *testing.T, status int, body string, into *seen) *Client {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*into = seen{
			r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("Prefer"),
			r.Header.Get("X-Preview-Token"), string(data),
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			fmt.Fprint(w, body)
		}
	})
}

func TestCalls(t *testing.T) {
	const bearer = "Bearer " + canary
	tests := map[string]struct {
		status int
		answer string
		call   func(context.Context, *Client) (any, error)
		want   any
		seen   seen
	}{
		"store": {
			http.StatusCreated, `{"id":"a","version":"v","files":2}`,
			func(ctx context.Context, c *Client) (any, error) {
				g, created, err := c.PutArchive(ctx, "a", "p q", []byte("tar"))
				g.Document = nil
				return []any{g, created}, err
			},
			[]any{Generation{ID: "a", Version: "v", Files: 2}, true},
			seen{Method: "PUT", Target: "/api/v1/generations/a?project_id=p+q", Authorization: bearer, ContentType: "application/gzip", Body: "tar"},
		},
		"launch": {
			http.StatusCreated, `{"id":"u","status":"running","session_token":"s","port":3001}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Launch(ctx, "a", LaunchRequest{Timeout: 7, Env: map[string]string{"A": "b"}}, 25*time.Second)
			},
			Launch{ID: "u", Status: "running", SessionToken: "s", Port: new(int32(3001)), Created: true},
			seen{
				Method: "POST", Target: "/api/v1/generations/a/preview/launch", Authorization: bearer, ContentType: "application/json",
				Prefer: "wait=25", Body: `{"timeout":7,"env":{"A":"b"}}`,
			},
		},
		"launch what runs, without waiting": {
			http.StatusOK, `{"id":"u","status":"starting"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Launch(ctx, "a", LaunchRequest{}, 0) },
			Launch{ID: "u", Status: "starting"},
			seen{Method: "POST", Target: "/api/v1/generations/a/preview/launch", Authorization: bearer, ContentType: "application/json", Body: `{}`},
		},
		"status keeps what it does not know": {
			http.StatusOK, `{"id":"u","status":"failed","failure":{"reason":"OOMKilled","exit_code":137},"new":1}`,
			func(ctx context.Context, c *Client) (any, error) {
				s, err := c.Status(ctx, "a/b")
				return []any{s.Finished(), s.Failure.Reason, *s.Failure.ExitCode, string(s.Document)}, err
			},
			[]any{true, "OOMKilled", int32(137), `{"id":"u","status":"failed","failure":{"reason":"OOMKilled","exit_code":137},"new":1}`},
			seen{Method: "GET", Target: "/api/v1/generations/a%2Fb/preview/status", Authorization: bearer},
		},
		"stop": {
			http.StatusNoContent, "",
			func(ctx context.Context, c *Client) (any, error) { return nil, c.Stop(ctx, "a") },
			nil, seen{Method: "DELETE", Target: "/api/v1/generations/a/preview", Authorization: bearer},
		},
		"delete": {
			http.StatusNoContent, "",
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteGeneration(ctx, "a") },
			nil, seen{Method: "DELETE", Target: "/api/v1/generations/a", Authorization: bearer},
		},
		"endpoints": {
			http.StatusOK, `{"endpoints":[{"method":"GET","path":"/x","tags":["t"]}],"count":1}`,
			func(ctx context.Context, c *Client) (any, error) {
				e, err := c.Endpoints(ctx, "a", "")
				return e.Endpoints, err
			},
			[]Endpoint{{Method: "GET", Path: "/x", Tags: []string{"t"}}},
			seen{Method: "GET", Target: "/api/v1/generations/a/preview/endpoints", Authorization: bearer},
		},
		"endpoints of a source": {
			http.StatusOK, `{"endpoints":[{"method":"GET","path":"/x","file":"a.py","line":3,"source":"static"}],"diagnostics":[{"code":"c","message":"m","file":"f","line":1}]}`,
			func(ctx context.Context, c *Client) (any, error) {
				e, err := c.Endpoints(ctx, "a", "static")
				return []any{e.Endpoints, e.Diagnostics}, err
			},
			[]any{[]Endpoint{{Method: "GET", Path: "/x", File: "a.py", Line: 3, Source: "static"}}, []Diagnostic{{"c", "m", "f", 1}}},
			seen{Method: "GET", Target: "/api/v1/generations/a/preview/endpoints?source=static", Authorization: bearer},
		},
		"request with bytes both ways": {
			http.StatusOK, `{"status_code":201,"headers":{"a":"b"},"body":"/wA=","body_encoding":"base64","elapsed_ms":3}`,
			func(ctx context.Context, c *Client) (any, error) {
				r, err := c.request(ctx, "a", "session", Envelope{
					Method: "POST", Path: "/p?x=1", Query: map[string][]string{"q": {"1", "2"}}, Headers: map[string][]string{"K": {"v"}}, Body: []byte{0xff},
				})
				return []any{r.StatusCode, r.Headers, r.Body, r.ElapsedMS}, err
			},
			[]any{201, map[string]string{"a": "b"}, []byte{0xff, 0}, int64(3)},
			seen{
				Method: "POST", Target: "/api/v1/generations/a/preview/request", Authorization: bearer, ContentType: "application/json", PreviewToken: "session",
				Body: `{"method":"POST","path":"/p?x=1","query":{"q":["1","2"]},"headers":{"K":["v"]},"body_base64":"/w=="}`,
			},
		},
		"text answer": {
			http.StatusOK, `{"status_code":200,"body":"ö","body_encoding":"utf-8"}`,
			func(ctx context.Context, c *Client) (any, error) {
				r, err := c.request(ctx, "a", "session", Envelope{Method: "GET", Path: "/"})
				return string(r.Body), err
			},
			"ö",
			seen{
				Method: "POST", Target: "/api/v1/generations/a/preview/request", Authorization: bearer, ContentType: "application/json", PreviewToken: "session",
				Body: `{"method":"GET","path":"/"}`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got seen
			answer, err := tt.call(t.Context(), record(t, tt.status, tt.answer, &got))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, answer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.seen, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	problem := func(slug string) string {
		return `{"type":"https://preview.codebegen.dev/problems/` + slug + `","title":"Not valid","status":400,"detail":"must be 1 to 600 seconds","field":"timeout","request_id":"r1"}`
	}
	tests := map[string]struct {
		status            int
		mediaType, answer string
		header            map[string]string
		want              Error
		text              string
	}{
		"problem": {
			400, "application/problem+json", problem("invalid-request"), nil,
			Error{Status: 400, Kind: KindInvalidRequest, Title: "Not valid", Detail: "must be 1 to 600 seconds", Field: "timeout", RequestID: "r1"},
			"Not valid: timeout: must be 1 to 600 seconds (HTTP 400, request r1)",
		},
		"when to try again": {
			503, "application/problem+json; charset=utf-8", problem("busy"), map[string]string{"Retry-After": "7"},
			Error{Status: 503, Kind: KindBusy, Title: "Not valid", Detail: "must be 1 to 600 seconds", Field: "timeout", RequestID: "r1", RetryAfter: 7 * time.Second},
			"Not valid: timeout: must be 1 to 600 seconds (HTTP 503, request r1)",
		},
		"asks for more patience than there is": {
			503, "text/plain", "", map[string]string{"Retry-After": "99999999"},
			Error{Status: 503, Title: "the gateway's address answered 503 Service Unavailable, which is no answer of the API", RetryAfter: time.Minute},
			"the gateway's address answered 503 Service Unavailable, which is no answer of the API (HTTP 503)",
		},
		"somebody else's page": {
			404, "text/html", "<script>", nil,
			Error{Status: 404, Title: "the gateway's address answered 404 Not Found, which is no answer of the API"},
			"the gateway's address answered 404 Not Found, which is no answer of the API (HTTP 404)",
		},
		"somebody else's problem": {
			400, "application/problem+json", `{"type":"about:blank","title":"x"}`, nil,
			Error{Status: 400, Title: "the gateway's address answered 400 Bad Request, which is no answer of the API"},
			"the gateway's address answered 400 Bad Request, which is no answer of the API (HTTP 400)",
		},
		"redirect": {
			307, "text/plain", "", map[string]string{"Location": "/elsewhere"},
			Error{Status: 307, Title: "the gateway's address answered 307 Temporary Redirect, which is no answer of the API"},
			"the gateway's address answered 307 Temporary Redirect, which is no answer of the API (HTTP 307)",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.Header().Set("Content-Type", tt.mediaType)
				for name, value := range tt.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.answer)
			})
			_, err := c.Status(t.Context(), "a")
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got.Error() != tt.text {
				t.Errorf("text %q, want %q", got.Error(), tt.text)
			}
			if calls != 1 {
				t.Errorf("%d calls, want 1: a redirect must not be followed", calls)
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, tt := range map[string]struct{ answer, want string }{
		"no JSON":   {"<html>", "is this the gateway?"},
		"too large": {`"` + strings.Repeat("x", maxDocument) + `"`, "more than 16777216 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			var ignored seen
			_, err := record(t, http.StatusOK, tt.answer, &ignored).Status(t.Context(), "a")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	t.Run("unknown encoding", func(t *testing.T) {
		var ignored seen
		_, err := record(t, http.StatusOK, `{"body":"x","body_encoding":"rot13"}`, &ignored).request(t.Context(), "a", "s", Envelope{})
		if err == nil || !strings.Contains(err.Error(), "rot13") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAddressesThatAreNone(t *testing.T) {
	for name, address := range map[string]string{
		"empty": "", "no scheme": "127.0.0.1:8080", "another scheme": "ftp://host", "no host": "http://", "control character": "http://a\nb",
		"user": "http://user:" + canary + "@host", "query": "http://host?token=" + canary, "bad port with a password": "http://u:" + canary + "@host:x",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{BaseURL: address, Token: StaticToken("x")})
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Incident 22: secrets in messages.
func TestTokensThatAreNoneAreNotQuoted(t *testing.T) {
	for name, token := range map[string]string{
		"empty": "", "line break": canary + "\n", "header injection": canary + "\r\nX: y", "space": "Bearer " + canary,
		"too long": strings.Repeat(canary, 1000), "not ASCII": canary + "é",
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
			c.token = StaticToken(token)
			if _, err := c.Status(t.Context(), "a"); err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		c, err := New(Options{BaseURL: server.URL, Token: StaticToken(canary)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Status(t.Context(), "a"); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("source fails", func(t *testing.T) {
		c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
		failed := errors.New("no Secret")
		c.token = func(context.Context) (string, error) { return canary, failed }
		if _, err := c.Status(t.Context(), "a"); !errors.Is(err, failed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSession(t *testing.T) {
	var issued, requests int
	valid := "token-2"
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			issued++
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"session_token":"token-%d"}`, issued)
		case r.Header.Get("X-Preview-Token") != valid:
			requests++
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"type":"https://preview.codebegen.dev/problems/invalid-preview-token","title":"No"}`)
		default:
			requests++
			fmt.Fprint(w, `{"status_code":200,"body":"ok"}`)
		}
	})
	session := c.Session("a")
	for range 3 {
		reply, err := session.Request(t.Context(), Envelope{Method: "GET", Path: "/"})
		if err != nil || string(reply.Body) != "ok" {
			t.Fatalf("%v, %q", err, reply.Body)
		}
	}
	if issued != 2 || requests != 4 {
		t.Errorf("%d tokens and %d requests, want 2 and 4", issued, requests)
	}
	// A token that is refused twice is no matter of its age.
	valid = "never"
	if _, err := session.Request(t.Context(), Envelope{Method: "GET", Path: "/"}); !IsKind(err, KindInvalidPreviewToken) {
		t.Errorf("got %v", err)
	}
	if issued != 3 || requests != 6 {
		t.Errorf("%d tokens and %d requests, want 3 and 6", issued, requests)
	}
}

func TestList(t *testing.T) {
	pages := map[string]string{
		"":   `{"previews":[{"generation_id":"a","status":"running","new":1}],"count":1,"next_cursor":"p2"}`,
		"p2": `{"previews":[{"generation_id":"b","status":"failed"}],"count":1,"next_cursor":null}`,
	}
	var queries []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RequestURI())
		fmt.Fprint(w, pages[r.URL.Query().Get("cursor")])
	})
	list, err := c.List(t.Context(), ListOptions{User: "alice", Status: "running"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range list.Previews {
		ids = append(ids, p.GenerationID+" "+p.Status)
	}
	if diff := cmp.Diff([]string{"a running", "b failed"}, ids); diff != "" {
		t.Errorf("previews (-want +got):\n%s", diff)
	}
	want := `{"count":2,"previews":[{"generation_id":"a","status":"running","new":1},{"generation_id":"b","status":"failed"}]}`
	if string(list.Document) != want {
		t.Errorf("document %s, want %s", list.Document, want)
	}
	if diff := cmp.Diff([]string{
		"/api/v1/previews?limit=100&status=running&user_id=alice",
		"/api/v1/previews?cursor=p2&limit=100&status=running&user_id=alice",
	}, queries); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for name, tt := range map[string]struct {
		answer, want string
		calls        int
	}{
		"never ends":           {`{"previews":[],"next_cursor":"again"}`, "more than 5000 previews", maxPages},
		"preview that is none": {`{"previews":["x"]}`, "is this the gateway?", 1},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls++; fmt.Fprint(w, tt.answer) })
			if _, err := c.List(t.Context(), ListOptions{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if calls != tt.calls {
				t.Errorf("%d calls, want %d", calls, tt.calls)
			}
		})
	}
	t.Run("no previews", func(t *testing.T) {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"previews":[]}`) })
		list, err := c.List(t.Context(), ListOptions{})
		if err != nil || string(list.Document) != `{"count":0,"previews":[]}` {
			t.Errorf("%v, %s", err, list.Document)
		}
	})
}
