package gatewaytoken

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type requester struct {
	token string
	err   error
	asked []string
}

func (r *requester) CreateToken(_ context.Context, account string, request *authenticationv1.TokenRequest, _ metav1.CreateOptions) (*authenticationv1.TokenRequest, error) {
	r.asked = append(r.asked, account)
	reply := request.DeepCopy()
	reply.Status.Token = r.token
	return reply, r.err
}

func TestRenewReplacesTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	api := &requester{token: "first"}
	r := &Renewer{Requester: api, ServiceAccount: "preview-gateway", File: file}
	for _, token := range []string{"first", "second"} {
		api.token = token
		next, err := r.renew(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next <= 0 || next >= lifetime {
			t.Errorf("the next renewal comes after %s, the token lives %s", next, lifetime)
		}
		content, err := os.ReadFile(file)
		if err != nil || string(content) != token {
			t.Errorf("file holds %q, %v; want %q", content, err, token)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; only the owner may read the token", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left, want the token alone", len(entries))
	}
}

func TestRenewKeepsTheOldTokenOnFailure(t *testing.T) {
	for name, api := range map[string]*requester{
		"refused": {err: errors.New("forbidden")},
		"empty":   {},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := &Renewer{Requester: api, ServiceAccount: "preview-gateway", File: file}
			if _, err := r.renew(t.Context()); err == nil {
				t.Error("no error")
			}
			if content, _ := os.ReadFile(file); string(content) != "old" {
				t.Errorf("file holds %q, want the old token", content)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &Renewer{Requester: &requester{token: "t"}, ServiceAccount: "a", File: filepath.Join(t.TempDir(), "token")}
	done := make(chan error, 1)
	go func() { done <- r.Start(ctx) }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("Start did not end")
	}
}
