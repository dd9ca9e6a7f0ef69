package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

func TestOptionsAreChecked(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, options := range map[string]Options{
		"no hash":    {PodUID: "uid"},
		"short hash": {SecretHash: "abcd", PodUID: "uid"},
		"no uid":     {SecretHash: hash},
	} {
		if _, err := New(options); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	r, err := New(Options{SecretHash: hash, PodUID: "uid"})
	if err != nil || r.options.Address != ":2999" || r.options.TerminationLog != "/dev/termination-log" {
		t.Errorf("error %v, options %+v", err, r.options)
	}
}

func TestValidate(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	for name, test := range map[string]struct {
		change func(*runnerapi.Assignment)
		want   string
	}{
		"good":               {func(*runnerapi.Assignment) {}, ""},
		"good entrypoint":    {func(a *runnerapi.Assignment) { a.Entrypoint = "app.main:create_app()" }, ""},
		"good archive":       {func(a *runnerapi.Assignment) { a.Archive = &runnerapi.RemoteArchive{SHA256: digest} }, ""},
		"no id":              {func(a *runnerapi.Assignment) { a.ID = "" }, "id must have 1 to 128 bytes"},
		"long id":            {func(a *runnerapi.Assignment) { a.ID = strings.Repeat("x", 129) }, "id must have 1 to 128 bytes"},
		"no port":            {func(a *runnerapi.Assignment) { a.Port = 0 }, "port 0 is none for an application"},
		"our port":           {func(a *runnerapi.Assignment) { a.Port = 2999 }, "port 2999 is none for an application"},
		"entrypoint":         {func(a *runnerapi.Assignment) { a.Entrypoint = "os;x:y" }, "entrypoint is not module:attribute"},
		"no time-out":        {func(a *runnerapi.Assignment) { a.StartupTimeoutSeconds = 0 }, "startupTimeoutSeconds must be 1 to 3600"},
		"env name":           {func(a *runnerapi.Assignment) { a.Env = []runnerapi.EnvVar{{Name: "A=B"}} }, `env: "A=B" cannot be set`},
		"reserved env":       {func(a *runnerapi.Assignment) { a.Env = []runnerapi.EnvVar{{Name: "PREVIEW_X"}} }, `env: "PREVIEW_X" cannot be set`},
		"env value":          {func(a *runnerapi.Assignment) { a.Env = []runnerapi.EnvVar{{Name: "A", Value: "\x00"}} }, "env: the value of A has a NUL"},
		"limit":              {func(a *runnerapi.Assignment) { a.AwaitMemoryLimit = true }, "awaitMemoryLimit needs memoryLimitMB"},
		"much env":           {func(a *runnerapi.Assignment) { a.Env = make([]runnerapi.EnvVar, 257) }, "env has more than 256 variables"},
		"digest":             {func(a *runnerapi.Assignment) { a.Archive = &runnerapi.RemoteArchive{SHA256: "x"} }, "archive.sha256 is not the hexadecimal of a SHA-256 digest"},
		"no limit":           {func(a *runnerapi.Assignment) { a.Limits.Files = 0 }, "archive limit files is 0, it must be positive"},
		"more than we would": {func(a *runnerapi.Assignment) { a.Limits.CompressedBytes = 1 << 40 }, "limits.compressedBytes must not exceed 67108864"},
	} {
		assignment := runnerapi.Assignment{ID: "id", Port: 3001, StartupTimeoutSeconds: 30, Limits: runnerapi.ArchiveLimits(archive.DefaultLimits())}
		test.change(&assignment)
		got := ""
		if err := validate(assignment); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestBaseEnvironmentHidesTheRunners(t *testing.T) {
	got := baseEnvironment([]string{"PATH=/bin", "PREVIEW_RUNNER_SECRET_SHA256=x", "PREVIEW_POD_UID=y", "HOME=/", "PYTHONUNBUFFERED=", "A=b=c"})
	want := []string{"PATH=/bin", "A=b=c", "HOME=" + os.TempDir(), "PYTHONUNBUFFERED=1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment differs (-want +got):\n%s", diff)
	}
	if got := baseEnvironment([]string{"HOME=/home/me"}); got[0] != "HOME=/home/me" {
		t.Errorf("a good HOME became %v", got)
	}
}

func TestStopGrace(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "1.5s": 1500 * time.Millisecond, "10m0s": 10 * time.Minute,
		"": 0, "10": 0, "0s": 0, "-1s": 0, "10m1s": 0, "soon": 0,
	} {
		got, err := stopGrace([]string{"A=b", runnerapi.EnvStopGrace + "=" + value})
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %s, error %v, want %s", value, got, err, want)
		}
	}
	if got, err := stopGrace([]string{"A=b"}); got != runnerapi.DefaultStopGrace || err != nil {
		t.Errorf("without a setting: got %s, error %v", got, err)
	}
}

func TestMergeEnvironment(t *testing.T) {
	got := mergeEnvironment([]string{"A=1", "B=2"}, map[string]string{"A": "3"})
	if diff := cmp.Diff([]string{"B=2", "A=3"}, got); diff != "" {
		t.Errorf("environment differs (-want +got):\n%s", diff)
	}
}

func TestPreload(t *testing.T) {
	many := strings.Repeat("a,", runnerapi.MaxPreload)
	for value, want := range map[string]bool{
		"": true, "sqlalchemy": true, "sqlalchemy.orm,_x9": true, many[:len(many)-1]: true,
		",": false, "a,": false, "a b": false, "a;b": false, "9a": false, "a..b": false, many + "a": false, strings.Repeat("a", 256): false,
	} {
		got, err := preload([]string{"A=b", runnerapi.EnvPreload + "=" + value})
		if (err == nil) != want || want && got != value {
			t.Errorf("%.40q: got %.40q, error %v", value, got, err)
		}
	}
	if got, err := preload([]string{"A=b"}); got != "" || err != nil {
		t.Errorf("without a setting: got %q, error %v", got, err)
	}
}

func TestCleanMakesOneBoundedLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                   "plain",
		" a\nb\x1b[31mc\x00 ":     "a b [31mc",
		"bad \xff byte":           "bad \ufffd byte",
		strings.Repeat("ü", 2000): strings.Repeat("ü", 999) + "…",
	} {
		if got := clean(text); got != want {
			t.Errorf("%.20q: got %.40q", text, got)
		}
	}
}

// The kubelet reads 4096 bytes, and half a JSON object is none.
func TestTerminationLogStaysWithinItsBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	code := int32(1)
	message := strings.Repeat("<", 1000)
	if err := writeTerminationLog(path, runnerapi.Failure{Reason: "ImportError", Message: message, ExitCode: &code}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got runnerapi.Failure
	if err := json.Unmarshal(data, &got); err != nil || len(data) > 4096 {
		t.Fatalf("%d bytes, error %v", len(data), err)
	}
	if got.Reason != "ImportError" || *got.ExitCode != 1 || len(got.Message) < 400 || !strings.HasPrefix(message, got.Message) {
		t.Errorf("got %+v", got)
	}
}

func TestEventsAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		input string
		want  int
	}{
		"some":      {"{}\n{\"event\":\"x\"}\n", 2},
		"too many":  {strings.Repeat("{}\n", 1000), maxEvents},
		"too long":  {"{}\n" + strings.Repeat("x", maxEventBytes+1) + "\n{}\n", 1},
		"no JSON":   {"{}\nhello\n{}\n", 1},
		"cut short": {"{}\n{", 1},
	} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			// Fails when the reader gives up, which is what is tested.
			_, _ = fmt.Fprint(writer, test.input)
			_ = writer.Close()
		}()
		got := 0
		for range readEvents(reader) {
			got++
		}
		if got != test.want {
			t.Errorf("%s: got %d events, want %d", name, got, test.want)
		}
	}
}
