package main

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/ticket"
)

const secret = "canary-secret-of-more-than-32-bytes"

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestToken(t *testing.T) {
	env := environment(map[string]string{"PREVIEW_JWT_SECRET_FILE": writeFile(t, secret+"\n"), "PREVIEW_JWT_ISSUER": "us"})
	var out strings.Builder
	if err := run(t.Context(), []string{"token", "--user", "alice", "--role", "service", "--ttl", "2h"}, env, &out); err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.Options{Secret: []byte(secret), Audience: "preview-operator", Issuer: "us"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier.Verify(strings.TrimSuffix(out.String(), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Principal{UserID: "alice", Role: auth.RoleService, Expires: time.Now().Add(2 * time.Hour)}
	if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(time.Minute)); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if strings.Contains(out.String(), "canary") {
		t.Error("the secret was printed")
	}
}

func TestIdentity(t *testing.T) {
	provider := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// RFC 8037, appendix A.2.
		_, _ = io.WriteString(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
	}))
	defer provider.Close()
	ca := writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: provider.Certificate().Raw})))
	keys := map[string]string{"PREVIEW_SESSION_KEY_FILE": writeFile(t, secret)}
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"secret":                     {map[string]string{"PREVIEW_JWT_SECRET_FILE": writeFile(t, secret)}, ""},
		"no secret":                  {map[string]string{"PREVIEW_JWT_SECRET_FILE": "/nowhere"}, "PREVIEW_JWT_SECRET_FILE"},
		"keys alone need no secret":  {map[string]string{"PREVIEW_JWT_SECRET_FILE": "/nowhere", "PREVIEW_JWT_ALGORITHMS": "EdDSA", "PREVIEW_JWKS_URL": provider.URL, "PREVIEW_JWKS_CA_FILE": ca}, ""},
		"keys and secret":            {map[string]string{"PREVIEW_JWT_SECRET_FILE": "/nowhere", "PREVIEW_JWT_ALGORITHMS": "EdDSA,HS256", "PREVIEW_JWKS_URL": provider.URL, "PREVIEW_JWKS_CA_FILE": ca}, "PREVIEW_JWT_SECRET_FILE"},
		"secret too short for HS512": {map[string]string{"PREVIEW_JWT_SECRET_FILE": writeFile(t, secret), "PREVIEW_JWT_ALGORITHMS": "HS512"}, "at least 64"},
		"keys from nowhere":          {map[string]string{"PREVIEW_JWT_ALGORITHMS": "ES256"}, "ES256 needs the keys"},
		"no session key":             {map[string]string{"PREVIEW_JWT_SECRET_FILE": writeFile(t, secret), "PREVIEW_SESSION_KEY_FILE": "/nowhere"}, "PREVIEW_SESSION_KEY_FILE"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := maps.Clone(keys)
			maps.Copy(env, tt.env)
			s, err := settings.Load(environment(env))
			if err != nil {
				t.Fatal(err)
			}
			// No ticket is redeemed here.
			who, err := newIdentity(s, struct{ ticket.Burner }{}, slog.New(slog.DiscardHandler))
			if err == nil {
				defer who.verifier.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				err = who.verifier.Ready(ctx)
			}
			if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// Development tokens have the claims that the gateway looks at.
func TestTokenHasTheConfiguredClaims(t *testing.T) {
	env := environment(map[string]string{
		"PREVIEW_JWT_SECRET_FILE": writeFile(t, secret),
		"PREVIEW_JWT_USER_CLAIM":  "uid", "PREVIEW_JWT_ROLE_CLAIM": "groups",
	})
	var out strings.Builder
	if err := run(t.Context(), []string{"token", "--user", "alice", "--role", "admin"}, env, &out); err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.Options{Secret: []byte(secret), Audience: "preview-operator", UserClaim: "uid", RoleClaim: "groups"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier.Verify(strings.TrimSpace(out.String()))
	if err != nil || got.UserID != "alice" || got.Role != auth.RoleAdmin {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBadArguments(t *testing.T) {
	tests := map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"unknown sub-command": {[]string{"tokens"}, nil, `unknown sub-command "tokens"`},
		"no user":             {[]string{"token"}, nil, "is no user id"},
		"user with a space":   {[]string{"token", "--user", "a b"}, nil, "is no user id"},
		"unknown role":        {[]string{"token", "--user", "a", "--role", "root"}, nil, "--role=root"},
		"no time to live":     {[]string{"token", "--user", "a", "--ttl", "0s"}, nil, "--ttl=0s"},
		"left over argument":  {[]string{"token", "--user", "a", "b"}, nil, `unexpected argument "b"`},
		"no secret":           {[]string{"token", "--user", "a"}, map[string]string{"PREVIEW_JWT_SECRET_FILE": "/nowhere"}, "/nowhere"},
		"HS256 is off":        {[]string{"token", "--user", "a"}, map[string]string{"PREVIEW_JWT_ALGORITHMS": "ES256", "PREVIEW_JWKS_URL": "https://id.example/keys"}, "HS256"},
		"short secret":        {[]string{"token", "--user", "a"}, map[string]string{"PREVIEW_JWT_SECRET_FILE": writeFile(t, "short")}, "5 bytes"},
		"bad setting":         {nil, map[string]string{"PREVIEW_PORT_MIN": "x"}, "PREVIEW_PORT_MIN"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"PREVIEW_JWT_SECRET_FILE": writeFile(t, secret)}
			for key, value := range tt.env {
				env[key] = value
			}
			var out strings.Builder
			err := run(t.Context(), tt.args, environment(env), &out)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}

func TestTheTokenOfTheManagerIsWaitedFor(t *testing.T) {
	path := writeFile(t, "")
	waited := make(chan error, 1)
	go func() { waited <- awaitFile(t.Context(), path, time.Minute) }()
	if err := os.WriteFile(path, []byte("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	missing := filepath.Join(t.TempDir(), "token")
	if err := awaitFile(t.Context(), missing, time.Millisecond); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), missing) {
		t.Errorf("a token that never comes: %v", err)
	}
}

func TestKubeConfigOfASidecar(t *testing.T) {
	s := settings.Settings{KubeCAFile: "/ca.crt", GatewayTokenFile: writeFile(t, "token")}
	config, err := kubeConfig(t.Context(), s, environment(map[string]string{"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}))
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://[fd00::1]:443" || config.BearerTokenFile != s.GatewayTokenFile || config.BearerToken != "" || config.CAFile != "/ca.crt" || config.Timeout != 0 {
		t.Errorf("config %+v", config)
	}
	if _, err := kubeConfig(t.Context(), s, environment(nil)); err == nil || !strings.Contains(err.Error(), "PREVIEW_KUBE_CA_FILE") {
		t.Errorf("outside a cluster: %v", err)
	}
}

func TestProductOutOfReach(t *testing.T) {
	if product, closeIt, err := openProduct(t.Context(), settings.Settings{GenerationsTable: "generations"}); product != nil || err != nil || closeIt() != nil {
		t.Errorf("without a product: %v, %v", product, err)
	}
	// Nothing listens on port 1.
	_, _, err := openProduct(t.Context(), settings.Settings{GenerationsURL: "postgres://reader:canary@127.0.0.1:1/product", GenerationsTable: "generations"})
	if !errors.Is(err, store.ErrUnreachable) || !strings.Contains(err.Error(), "PREVIEW_GENERATIONS_URL") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}
