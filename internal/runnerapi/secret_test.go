package runnerapi_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

var key = bytes.Repeat([]byte{7}, runnerapi.MinKeyBytes)

func derive(t *testing.T, key []byte, namespace, pod string) runnerapi.Secret {
	t.Helper()
	secret, err := runnerapi.DeriveSecret(key, namespace, pod)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// Incident: one master secret in every tenant's namespace. A pod's secret must be worthless anywhere else.
func TestSecretsDifferByPodNamespaceAndKey(t *testing.T) {
	otherKey := bytes.Repeat([]byte{8}, runnerapi.MinKeyBytes)
	seen := map[runnerapi.Secret]string{}
	for name, secret := range map[string]runnerapi.Secret{
		"pod":             derive(t, key, "previews", "a"),
		"other pod":       derive(t, key, "previews", "b"),
		"other namespace": derive(t, key, "previews-2", "a"),
		"shifted border":  derive(t, key, "previews\na", ""),
		"other key":       derive(t, otherKey, "previews", "a"),
	} {
		if other, ok := seen[secret]; ok {
			t.Errorf("%s and %s have the same secret", name, other)
		}
		seen[secret] = name
	}
	if again := derive(t, key, "previews", "a"); seen[again] == "" {
		t.Error("a restarted manager derives another secret")
	}
	if _, err := runnerapi.DeriveSecret(key[1:], "previews", "a"); err == nil {
		t.Error("a short key was taken")
	}
}

func TestSecretMatchesItsHashOnly(t *testing.T) {
	secret, other := derive(t, key, "previews", "a"), derive(t, key, "previews", "b")
	if !secret.Matches(secret.Hash()) {
		t.Error("the secret does not match its hash")
	}
	for name, hash := range map[string]string{
		"another's": other.Hash(), "empty": "", "itself": string(secret), "upper case": strings.ToUpper(secret.Hash()),
	} {
		if secret.Matches(hash) {
			t.Errorf("the secret matches the hash %s", name)
		}
	}
}

func TestHello(t *testing.T) {
	secret, other := derive(t, key, "previews", "a"), derive(t, key, "previews", "b")
	hello := runnerapi.Hello{Nonce: strings.Repeat("ab", 32)}
	prove := func(hash, uid string, hello runnerapi.Hello) runnerapi.HelloReply {
		reply, err := runnerapi.Prove(hash, uid, hello)
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	if err := runnerapi.Verify(secret, "uid", hello, prove(secret.Hash(), "uid", hello)); err != nil {
		t.Errorf("the right runner: %v", err)
	}
	for name, reply := range map[string]runnerapi.HelloReply{
		"another secret":  prove(other.Hash(), "uid", hello),
		"another pod":     prove(secret.Hash(), "uid-2", hello),
		"claimed uid":     {PodUID: "uid", Proof: prove(secret.Hash(), "uid-2", hello).Proof},
		"replayed answer": prove(secret.Hash(), "uid", runnerapi.Hello{Nonce: strings.Repeat("cd", 32)}),
		"nothing":         {},
		"uid alone":       {PodUID: "uid"},
	} {
		if err := runnerapi.Verify(secret, "uid", hello, reply); !errors.Is(err, runnerapi.ErrWrongRunner) {
			t.Errorf("%s: got %v, want ErrWrongRunner", name, err)
		}
	}
}

func TestProveRefusesMalformedInput(t *testing.T) {
	good := derive(t, key, "previews", "a").Hash()
	for name, test := range map[string]struct{ hash, nonce string }{
		"short nonce": {good, "ab"},
		"no hex":      {good, strings.Repeat("zz", 32)},
		"no nonce":    {good, ""},
		"no hash":     {"", strings.Repeat("ab", 32)},
	} {
		if _, err := runnerapi.Prove(test.hash, "uid", runnerapi.Hello{Nonce: test.nonce}); err == nil {
			t.Errorf("%s: was answered", name)
		}
	}
}

// The tokens that the gateway derives from what it reads in a pod: each opens one thing of one pod.
func TestTokensDifferByPurposeSecretAndPod(t *testing.T) {
	hash, other := derive(t, key, "previews", "a").Hash(), derive(t, key, "previews", "b").Hash()
	token := func(derive func(hash, uid string) (string, error), hash, uid string) string {
		token, err := derive(hash, uid)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	seen := map[string]string{hash: "hash"}
	for name, token := range map[string]string{
		"observer":              token(runnerapi.ObserverToken, hash, "uid"),
		"observer, other pod":   token(runnerapi.ObserverToken, hash, "uid-2"),
		"observer, other hash":  token(runnerapi.ObserverToken, other, "uid"),
		"health":                token(runnerapi.HealthToken, hash, "uid"),
		"health, other pod":     token(runnerapi.HealthToken, hash, "uid-2"),
		"health, other hash":    token(runnerapi.HealthToken, other, "uid"),
		"the secret of the pod": string(derive(t, key, "previews", "a")),
	} {
		if other, ok := seen[token]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[token] = name
	}
	for _, hash := range []string{"", "abcd", strings.Repeat("zz", 32)} {
		if token, err := runnerapi.ObserverToken(hash, "uid"); err == nil {
			t.Errorf("hash %q gave the observer token %s", hash, token)
		}
		if token, err := runnerapi.HealthToken(hash, "uid"); err == nil {
			t.Errorf("hash %q gave the health token %s", hash, token)
		}
	}
}

// Runner and gateway may be of different versions for a while: what they derive must not change.
func TestTokensAreAsDocumented(t *testing.T) {
	mac := hmac.New(sha256.New, bytes.Repeat([]byte{0xab}, 32))
	mac.Write([]byte("preview-runner/v1/observe\nuid"))
	want := hex.EncodeToString(mac.Sum(nil))
	if got, err := runnerapi.ObserverToken(strings.Repeat("ab", 32), "uid"); err != nil || got != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
	mac.Reset()
	mac.Write([]byte("preview-runner/v1/health\nuid"))
	want = hex.EncodeToString(mac.Sum(nil))
	if got, err := runnerapi.HealthToken(strings.Repeat("ab", 32), "uid"); err != nil || got != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
}
