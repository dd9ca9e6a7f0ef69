package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

const probeTimeout = 2 * time.Second

// prober asks components whether they work.
type prober struct {
	mu      sync.Mutex
	clients map[string]*http.Client
}

func newProber() *prober { return &prober{clients: map[string]*http.Client{}} }

// probe returns nil if the component answers, or has nothing to answer at.
func (p *prober) probe(ctx context.Context, c config.Component) error {
	if c.Probe == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if socket, ok := strings.CutPrefix(c.Probe, "unix://"); ok {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		return connection.Close()
	}
	client, err := p.client(c)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Probe, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", c.Probe, response.Status)
	}
	return nil
}

func (p *prober) client(c config.Component) (*http.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if client, ok := p.clients[c.Name]; ok {
		return client, nil
	}
	client := &http.Client{}
	if c.ProbeCA != "" {
		tlsConfig, err := clientTLS(c.ProbeCA, c.ProbeCert)
		if err != nil {
			return nil, err
		}
		client.Transport = &http.Transport{TLSClientConfig: tlsConfig}
	}
	p.clients[c.Name] = client
	return client, nil
}

func clientTLS(ca, cert string) (*tls.Config, error) {
	dir := filepath.Join(config.StateDir, config.PKIDir)
	authority, err := os.ReadFile(filepath.Join(dir, ca+".crt"))
	if err != nil {
		return nil, fmt.Errorf("load authority %s: %w", ca, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("authority %s holds no certificate", ca)
	}
	tlsConfig := &tls.Config{RootCAs: roots}
	if cert == "" {
		return tlsConfig, nil
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, cert+".crt"), filepath.Join(dir, cert+".key"))
	if err != nil {
		return nil, fmt.Errorf("load certificate %s: %w", cert, err)
	}
	tlsConfig.Certificates = []tls.Certificate{pair}
	return tlsConfig, nil
}
