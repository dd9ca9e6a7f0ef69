// Package gatewaytoken keeps the gateway supplied with short-lived tokens of its own service account. The gateway
// shares the manager's pod but must not hold the manager's rights, and a pod has one service account: so the pod mounts
// no token, the manager requests tokens of the gateway's account and renews them in a volume that both containers see.
package gatewaytoken

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// lifetime of a token; ten minutes is the least that the API server gives.
	lifetime = 10 * time.Minute
	// retry is the pause after a request that failed, requestTimeout what each may take.
	retry          = 5 * time.Second
	requestTimeout = 10 * time.Second
)

// Requester requests tokens of service accounts; client-go's typed client of a namespace is one.
type Requester interface {
	CreateToken(ctx context.Context, serviceAccount string, request *authenticationv1.TokenRequest, opts metav1.CreateOptions) (*authenticationv1.TokenRequest, error)
}

// Renewer writes tokens of one service account to a file. It is a manager.Runnable that runs with and without
// leadership: the gateway beside it serves in both cases.
type Renewer struct {
	Requester      Requester
	ServiceAccount string
	// File is replaced atomically; the client reads it again about once a minute.
	File string
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (*Renewer) NeedLeaderElection() bool { return false }

// Start renews the token at half of its life until the context ends.
func (r *Renewer) Start(ctx context.Context) error {
	for {
		next, err := r.renew(ctx)
		if err != nil {
			log.FromContext(ctx).Error(err, "cannot renew the gateway's token")
			next = retry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(next):
		}
	}
}

// renew writes a new token and returns when to do so again.
func (r *Renewer) renew(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := r.Requester.CreateToken(ctx, r.ServiceAccount, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(lifetime.Seconds()))},
	}, metav1.CreateOptions{})
	if err != nil {
		return 0, fmt.Errorf("requesting a token of service account %s: %w", r.ServiceAccount, err)
	}
	if reply.Status.Token == "" {
		return 0, errors.New("the API server returned an empty token")
	}
	return lifetime / 2, writeFile(r.File, []byte(reply.Status.Token))
}

// writeFile replaces a file in one step, so that no reader sees half a token, and lets only its owner read it.
func writeFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".token-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
