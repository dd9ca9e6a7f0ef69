package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// benchUsers is by how many users the launches are made in turn: each may have only so many live previews, and launch so
// often.
const benchUsers = 64

// launcher launches previews the way a client of the HTTP API does.
type launcher struct {
	cluster *framework.Cluster
	run     string
	count   int
}

func newLauncher(cluster *framework.Cluster) *launcher {
	return &launcher{cluster: cluster, run: strings.ToLower(rand.Text()[:6])}
}

// attempt is one launch, from its preparation to its end.
type attempt struct {
	cluster *framework.Cluster
	user    *framework.UserClient
	id      string
	nonce   string
	uid     string
	token   string
}

// timing is what the client's clock says of a launch.
type timing struct {
	// posted is when POST launch was answered, total when the application's nonce had come.
	posted, total time.Duration
	// requests is how many it took until the application answered: one, unless the gateway had no answer in time.
	requests int
}

// prepare stores the project, with code that nobody has seen, as a generation of the next user. It must not be called
// concurrently.
func (l *launcher) prepare(ctx context.Context, files map[string]string) (*attempt, error) {
	files, nonce, err := withNonce(files)
	if err != nil {
		return nil, err
	}
	l.count++
	// The client, and with it the bearer token, is made anew: tokens live shorter than measurements.
	user, err := l.cluster.Gateway.As(fmt.Sprintf("%s-%d", benchUser, l.count%benchUsers))
	if err != nil {
		return nil, err
	}
	a := &attempt{cluster: l.cluster, user: user, nonce: nonce, id: fmt.Sprintf("bench-%s-%d", l.run, l.count)}
	return a, user.PutGeneration(ctx, a.id, "bench", files)
}

// launch asks for the preview and, as soon as that is answered, for the nonce. since is when the launch was due.
func (a *attempt) launch(ctx context.Context, since time.Time) (timing, error) {
	var t timing
	launch, err := a.user.Launch(ctx, a.id, "bench", 0)
	if err != nil {
		return t, fmt.Errorf("launch: %w", err)
	}
	t.posted = time.Since(since)
	a.uid, a.token = launch.ID, launch.SessionToken
	err = a.ask(ctx, &t.requests)
	t.total = time.Since(since)
	return t, err
}

// ask requests the nonce until the application answers. Any other answer of the application is an error.
func (a *attempt) ask(ctx context.Context, requests *int) error {
	return until(ctx, "wait for the preview", func(ctx context.Context) (bool, error) {
		*requests++
		reply, err := a.user.Get(ctx, a.id, a.token, noncePath)
		if err != nil {
			return false, a.unlessFailed(ctx, err)
		}
		if reply.StatusCode != http.StatusOK || !isNonce([]byte(reply.Body), a.nonce) {
			return false, fmt.Errorf("the application answered %d: %.200q", reply.StatusCode, reply.Body)
		}
		return true, nil
	})
}

// unlessFailed drops the error of a preview that is still starting, so that it is asked again.
func (a *attempt) unlessFailed(ctx context.Context, err error) error {
	if err := waiting(err); err != nil {
		return err
	}
	status, statusErr := a.user.Status(ctx, a.id)
	if statusErr == nil && status.Status != "starting" && status.Status != "running" {
		return fmt.Errorf("the preview is %s: %.500s", status.Status, status.Raw)
	}
	return nil
}

// started waits until the status says that the preview runs, and returns the instance: the application may answer before.
func (a *attempt) started(ctx context.Context) (*v1alpha1.PreviewInstance, error) {
	var found *v1alpha1.PreviewInstance
	err := untilEvery(ctx, pause, func() string { return "wait for the status to say Running" }, func(ctx context.Context) (bool, error) {
		instances, err := a.cluster.Instances(ctx, a.user.User)
		for i := range instances {
			if string(instances[i].UID) == a.uid {
				found = &instances[i]
				return found.Status.Phase == v1alpha1.PhaseRunning, err
			}
		}
		if err == nil {
			err = fmt.Errorf("the instance %s is gone", a.uid)
		}
		return false, err
	})
	return found, err
}

// remove deletes the preview and its generation, and waits until the instance, with its pod, is gone.
func (a *attempt) remove(ctx context.Context, instance *v1alpha1.PreviewInstance) error {
	if err := a.cluster.Client.Delete(ctx, instance); client.IgnoreNotFound(err) != nil {
		return err
	}
	key := client.ObjectKeyFromObject(instance)
	err := until(ctx, "wait for the preview to be gone", func(ctx context.Context) (bool, error) {
		err := a.cluster.Client.Get(ctx, key, &v1alpha1.PreviewInstance{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	if err != nil {
		return err
	}
	return a.user.DeleteGeneration(ctx, a.id)
}

// removeAll removes what measurements have left, also those of earlier runs that were interrupted.
func removeAll(ctx context.Context, cluster *framework.Cluster) error {
	if err := cluster.DeleteInstances(ctx, benchUser); err != nil {
		return err
	}
	left := 0
	return untilEvery(ctx, poolPause, func() string { return fmt.Sprintf("wait for %d previews to be gone", left) },
		func(ctx context.Context) (bool, error) {
			instances, err := cluster.Instances(ctx, benchUser)
			left = len(instances)
			return left == 0, err
		})
}
