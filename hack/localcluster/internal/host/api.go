package host

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
)

// api is the little of the Kubernetes API that up needs, spoken directly: a
// kubectl for every look would cost more time than the look.
type api struct {
	url    string
	client *http.Client
}

func newAPI(p config.Params, bundle pki.Bundle) (*api, error) {
	admin := bundle[pki.Admin]
	pair, err := tls.X509KeyPair(admin.Cert, admin.Key)
	if err != nil {
		return nil, fmt.Errorf("load the administrator's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle[pki.ClusterCA].Cert)
	return &api{url: p.APIServerURL(), client: &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots},
		},
	}}, nil
}

func (a *api) do(ctx context.Context, method, path string, patch, answer any) error {
	var body io.Reader
	if patch != nil {
		content, err := json.Marshal(patch)
		if err != nil {
			return err
		}
		body = bytes.NewReader(content)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, content)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(content, answer)
}

// usable returns nil once a pod made now would be scheduled and started.
func (a *api) usable(ctx context.Context, node string) error {
	var n struct {
		Spec   struct{ Taints []struct{ Key string } }
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := a.do(ctx, http.MethodGet, "/api/v1/nodes/"+node, nil, &n); err != nil {
		return err
	}
	if len(n.Spec.Taints) > 0 {
		return fmt.Errorf("the node still has the taint %s", n.Spec.Taints[0].Key)
	}
	for _, c := range n.Status.Conditions {
		if c.Type == "Ready" && c.Status != "True" {
			return errors.New("the node is not ready: " + c.Message)
		}
	}
	// Without its namespace's account a pod is refused; the controller manager makes it.
	return a.do(ctx, http.MethodGet, "/api/v1/namespaces/default/serviceaccounts/default", nil, nil)
}

// releasedVolumes lists the cluster's volumes whose claims are gone.
func (a *api) releasedVolumes(ctx context.Context) ([]string, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct{ Phase string }
		}
	}
	if err := a.do(ctx, http.MethodGet, "/api/v1/persistentvolumes?labelSelector=localcluster%3Dvolume", nil, &list); err != nil {
		return nil, err
	}
	var released []string
	for _, v := range list.Items {
		if v.Status.Phase == "Released" {
			released = append(released, v.Metadata.Name)
		}
	}
	return released, nil
}

// freeVolume lets a released volume be bound again.
func (a *api) freeVolume(ctx context.Context, volume string) error {
	patch := map[string]any{"spec": map[string]any{"claimRef": nil}}
	return a.do(ctx, http.MethodPatch, "/api/v1/persistentvolumes/"+volume, patch, nil)
}
