package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	// maxDocumentBytes bounds a discovery document or key set; those of large providers have some 10 KiB.
	maxDocumentBytes = 256 << 10
	// maxHeaderBytes bounds the header of an answer.
	maxHeaderBytes = 32 << 10
	// maxURLBytes bounds a URL, of the configuration or of a discovery document.
	maxURLBytes = 2 << 10
	// maxRedirects bounds those within a host; none leads to another.
	maxRedirects = 3
	// readTimeout bounds a reading of the keys, with discovery.
	readTimeout = 10 * time.Second
)

// source reads the keys of an identity provider.
type source struct {
	client *http.Client
	// One of these is empty.
	jwksURL, issuer string
	logger          *slog.Logger
}

func newSource(opts Options) (*source, error) {
	s := &source{jwksURL: opts.JWKSURL, issuer: opts.OIDCIssuer, logger: opts.Logger}
	var transport http.RoundTripper
	if opts.HTTPClient != nil {
		transport = opts.HTTPClient.Transport
	} else {
		own, err := newTransport(opts.CAFile)
		if err != nil {
			return nil, err
		}
		transport = own
	}
	s.client = &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	return s, nil
}

// newTransport keeps no connections: keys are read every few minutes.
func newTransport(caFile string) (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("auth: the system's certificates: %w", err)
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("auth: CA file: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("auth: CA file %s holds no PEM certificate", caFile)
		}
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}, nil
}

// checkRedirect keeps requests with the host that was configured: whoever can make it redirect should not be able to
// name another host's keys, nor let us knock at addresses inside the cluster.
func checkRedirect(to *http.Request, via []*http.Request) error {
	switch first := via[0].URL; {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case to.URL.Scheme != first.Scheme || to.URL.Host != first.Host:
		return errors.New("a redirect to another host")
	}
	return nil
}

// checkURL accepts https, and http to this host. The error is to follow what the URL is called.
func checkURL(raw string) (*url.URL, error) {
	if len(raw) > maxURLBytes {
		return nil, fmt.Errorf("has %d bytes, at most %d are accepted", len(raw), maxURLBytes)
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The text may hold a password.
		return nil, errors.New("is not a URL")
	}
	switch {
	case u.User != nil:
		return nil, errors.New("must have no user name or password")
	case u.Hostname() == "":
		return nil, errors.New("must be of the form https://host/path")
	case u.Fragment != "":
		return nil, errors.New("must have no fragment")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("must begin with https://; http:// is for loopback hosts alone")
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// read returns the usable keys of the set.
func (s *source) read(ctx context.Context) ([]key, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	from := s.jwksURL
	if s.issuer != "" {
		discovered, err := s.discover(ctx)
		if err != nil {
			return nil, fmt.Errorf("discovery document of the OIDC issuer: %w", err)
		}
		from = discovered
	}
	body, err := s.get(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("JWK set: %w", err)
	}
	keys, unusable, err := parseKeys(body)
	if err != nil {
		return nil, err
	}
	if len(unusable) > 0 {
		s.logger.Info("keys of the identity provider that are of no use", "url", from, "reasons", errors.Join(unusable...))
	}
	return keys, nil
}

// discover returns where the issuer says its keys are. It may name another host, as large providers do.
func (s *source) discover(ctx context.Context) (string, error) {
	body, err := s.get(ctx, strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var document struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return "", err
	}
	if document.Issuer != s.issuer {
		return "", fmt.Errorf("its issuer is %.200q", document.Issuer)
	}
	u, err := checkURL(document.JWKSURI)
	if err != nil {
		return "", fmt.Errorf("its jwks_uri %w", err)
	}
	if u.Scheme == "http" && strings.HasPrefix(s.issuer, "https:") {
		return "", errors.New("its jwks_uri must begin with https://, as the issuer does")
	}
	return document.JWKSURI, nil
}

func (s *source) get(ctx context.Context, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", from, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocumentBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", from, err)
	case len(body) > maxDocumentBytes:
		return nil, fmt.Errorf("%s has more than %d bytes", from, maxDocumentBytes)
	}
	return body, nil
}
