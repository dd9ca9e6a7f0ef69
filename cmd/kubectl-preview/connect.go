package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/codebegen/preview-operator/cmd/kubectl-preview/internal/installation"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/client"
)

// connection is a way to the gateway as somebody.
type connection struct {
	*client.Client
	// user is who the previews belong to, as far as it is known.
	user      string
	forwarder *installation.Forwarder
}

// cluster is what a kubeconfig leads to.
type cluster struct {
	config *rest.Config
	kube   kubernetes.Interface
}

// connect finds the gateway and a token. It may be called repeatedly.
func (a *app) connect(ctx context.Context) (*connection, error) {
	if a.connected != nil {
		return a.connected, nil
	}
	address := a.setting(a.gateway, "PREVIEW_GATEWAY")
	source, who, err := a.givenToken()
	if err != nil {
		return nil, err
	}
	opts := client.Options{BaseURL: address, Token: source, UserAgent: "kubectl-preview"}
	var k cluster
	if address == "" || source == nil {
		if k, err = a.cluster(); err != nil {
			return nil, fmt.Errorf("set --gateway and --token-file, or name a cluster: %w", err)
		}
	}
	c := &connection{user: who}
	if source == nil {
		if opts.Token, c.user, err = a.mintedToken(ctx, k); err != nil {
			return nil, fmt.Errorf("no token was given, and none can be made: %w; set --token-file or PREVIEW_TOKEN", err)
		}
	}
	if address == "" {
		c.forwarder = installation.NewForwarder(k.config, k.kube, a.namespace())
		opts.BaseURL, opts.Transport = "http://gateway."+a.namespace(), c.forwarder.Transport()
	}
	if c.Client, err = client.New(opts); err != nil {
		return nil, fmt.Errorf("--gateway or PREVIEW_GATEWAY: %w", err)
	}
	a.connected = c
	return c, nil
}

// sameFlags are the flags with which another command reaches the same gateway as the same person. A token that was given
// on the command line is not repeated: it must not be printed.
func (a *app) sameFlags() string {
	var b strings.Builder
	for _, flag := range []struct{ name, value string }{
		{"--kubeconfig", *a.kube.KubeConfig}, {"--context", *a.kube.Context}, {"-n", *a.kube.Namespace}, {"--gateway", a.gateway},
		{"--token-file", a.tokenFile}, {"--user", a.user},
	} {
		if flag.value != "" {
			b.WriteString(" " + flag.name + " " + shellWord(flag.value))
		}
	}
	return b.String()
}

// shellWord quotes what a shell would not take as one word.
func shellWord(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("%+,-./:=@_", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// disconnect ends what connect has begun.
func (a *app) disconnect() {
	if a.connected != nil && a.connected.forwarder != nil {
		a.connected.forwarder.Close()
	}
}

// setting is a flag, or else a variable of the environment.
func (a *app) setting(flag, name string) string {
	if flag != "" {
		return flag
	}
	value, _ := a.lookup(name)
	return value
}

func (a *app) namespace() string {
	if namespace := *a.kube.Namespace; namespace != "" {
		return namespace
	}
	return installation.DefaultNamespace
}

func (a *app) cluster() (cluster, error) {
	config, err := a.kube.ToRESTConfig()
	if err != nil {
		return cluster{}, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	config.UserAgent = "kubectl-preview"
	config.WarningHandler = rest.NoWarnings{}
	kube, err := kubernetes.NewForConfig(config)
	return cluster{config, kube}, err
}

// givenToken returns the source of the token that the command line or the environment names, nil when there is none, and
// whose token it is.
func (a *app) givenToken() (client.TokenSource, string, error) {
	if a.token != "" && a.tokenFile != "" {
		return nil, "", usageError{errors.New("give either --token or --token-file")}
	}
	fixed := a.token
	if fixed == "" && a.tokenFile == "" {
		fixed, _ = a.lookup("PREVIEW_TOKEN")
	}
	if fixed == "" && a.tokenFile == "" {
		return nil, "", nil
	}
	if a.user != "" {
		return nil, "", usageError{errors.New("--user is for a token that is made here, and one is given")}
	}
	if a.tokenFile == "" {
		return client.StaticToken(strings.TrimSpace(fixed)), userOf(fixed), nil
	}
	first, err := readToken(a.tokenFile)
	if err != nil {
		return nil, "", err
	}
	return func(context.Context) (string, error) { return readToken(a.tokenFile) }, userOf(first), nil
}

func readToken(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, client.MaxTokenBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("--token-file: %w", err)
	case len(content) > client.MaxTokenBytes:
		return "", fmt.Errorf("--token-file: %s has more than %d bytes, which no token has", path, client.MaxTokenBytes)
	}
	return strings.TrimSpace(string(content)), nil
}

// userOf reads the subject of a token without checking anything: it only gives ids a name. It is empty when there is none.
func userOf(token string) string {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Subject
}

// mintedToken makes development tokens for those who may read the keys.
func (a *app) mintedToken(ctx context.Context, k cluster) (client.TokenSource, string, error) {
	name := a.user
	if name == "" {
		current, err := user.Current()
		if err != nil {
			return nil, "", fmt.Errorf("your name on this machine is not known, choose one with --user: %w", err)
		}
		name = current.Username
	}
	gateway, err := installation.Find(ctx, k.kube, a.namespace())
	if err != nil {
		return nil, "", err
	}
	who := auth.Principal{UserID: name}
	if a.admin {
		who.Role = auth.RoleAdmin
	}
	minter, err := installation.NewMinter(ctx, k.kube, gateway, who, a.now)
	if err != nil {
		return nil, "", err
	}
	return func(context.Context) (string, error) { return minter.Token() }, name, nil
}

// gatewayError explains an error that has its cause between here and the gateway.
func gatewayError(err error) error {
	var problem *client.Error
	if errors.As(err, &problem) && problem.Status == http.StatusUnauthorized {
		return fmt.Errorf("%w: the token has expired, is another installation's, or was signed with another key", err)
	}
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("%w; set --gateway or PREVIEW_GATEWAY", err)
	}
	return err
}
