package runner_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

// request sends the application a request with the health token, or what a test puts in its place.
func (p *pod) request(method, path, token string) (int, string) {
	p.t.Helper()
	request, err := http.NewRequest(method, fmt.Sprintf("http://127.0.0.1:%d%s", p.port, path), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set(runnerapi.HeaderHealth, token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (p *pod) healthToken() string {
	p.t.Helper()
	token, err := runnerapi.HealthToken(p.target.Secret.Hash(), podUID)
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

// A health check is answered by the server around the application, whatever that is, and leaves no trace in it.
func TestHealthChecksDoNotReachTheApplication(t *testing.T) {
	plain := asgi("", `"reached by " + scope["method"]`)
	for name, test := range map[string]struct {
		files  map[string]string
		change func(*runnerapi.Assignment)
	}{
		"object":  {files: map[string]string{"main.py": plain}},
		"factory": {files: map[string]string{"main.py": strings.Replace(plain, "def app(", "def made(", 1) + "\ndef create_app():\n    return made\n"}},
		"fresh interpreter": {files: map[string]string{"main.py": plain}, change: func(a *runnerapi.Assignment) {
			a.Env = []runnerapi.EnvVar{{Name: "PYTHONHASHSEED", Value: "7"}}
		}},
		"its own hmac": {files: map[string]string{"main.py": "from hmac import mine\n" + plain, "hmac.py": "mine = compare_digest = None\n"}},
		"WSGI": {files: map[string]string{
			"wsgi.py": "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'reached by GET']\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPod(t)
			change := test.change
			if change == nil {
				change = func(*runnerapi.Assignment) {}
			}
			if result := p.assign(test.files, change); result.State != runnerapi.StateServing {
				t.Fatalf("got %+v", result)
			}
			if status, body := p.request("GET", runnerapi.PathHealth, p.healthToken()); status != http.StatusNoContent || body != "" {
				t.Errorf("the check got status %d, body %q", status, body)
			}
			if status, body := p.request("GET", runnerapi.PathHealth+"?mine", strings.Repeat("0", 64)); status != http.StatusOK || body != "reached by GET" {
				t.Errorf("another token got status %d, body %q", status, body)
			}
			// The log of the first request would come before that of the second.
			log := `client - "GET ` + runnerapi.PathHealth + `?mine HTTP/1.1" 200`
			support.Eventually(t, "the application's request is logged", func() bool { return strings.Contains(p.output.String(), log) })
			if n := strings.Count(p.output.String(), runnerapi.PathHealth); n != 1 {
				t.Errorf("%d lines of the log name the path, want the application's own", n)
			}
		})
	}
}

// Applications print their environment, and show it to anybody.
func TestHealthTokenIsNotInTheEnvironment(t *testing.T) {
	p := startPod(t)
	seen := `[dict(os.environ), open("/proc/self/environ").read(), open("/proc/self/cmdline").read(), sys.argv]`
	if result := p.assign(map[string]string{"main.py": asgi("", seen)}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	if body := p.get("/"); !strings.Contains(body, "PYTHONUNBUFFERED") || strings.Contains(body, p.healthToken()) {
		t.Errorf("the application sees %s", body)
	}
}
