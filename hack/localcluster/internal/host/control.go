package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/node"
)

// supervisor returns a client of the node's control socket. The socket is reached
// through the node's own root folder, where its path is short; those of state
// folders can exceed what a socket's address holds.
func (c *Cluster) supervisor() (*http.Client, error) {
	p := c.node()
	if !p.alive() {
		return nil, finalError{fmt.Errorf("cluster %s is not running; start it with: localcluster --name %s up", c.Name, c.Name)}
	}
	socket := filepath.Join("/proc", strconv.Itoa(p.PID), "root", config.ControlSocket)
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}, nil
}

// Components asks the supervisor for the state of all components.
func (c *Cluster) Components(ctx context.Context) ([]node.Status, error) {
	body, err := c.order(ctx, http.MethodGet, "/components")
	if err != nil {
		return nil, err
	}
	var statuses []node.Status
	if err := json.Unmarshal(body, &statuses); err != nil {
		return nil, fmt.Errorf("read the supervisor's answer: %w", err)
	}
	return statuses, nil
}

// Act starts, stops, kills or restarts one component. After a start it waits
// until the component works.
func (c *Cluster) Act(ctx context.Context, action, component string) error {
	if _, err := c.order(ctx, http.MethodPost, "/components/"+component+"/"+action); err != nil {
		return fmt.Errorf("%s %s: %w", action, component, err)
	}
	if action != node.ActionStart && action != node.ActionRestart {
		return nil
	}
	return poll(ctx, time.Minute, func() error { return c.ready(ctx, component) })
}

// ready returns nil if the named components, or all if none is named, work.
func (c *Cluster) ready(ctx context.Context, names ...string) error {
	statuses, err := c.Components(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, s := range statuses {
		if s.Ready || (len(names) > 0 && !slices.Contains(names, s.Name)) {
			continue
		}
		problems = append(problems, c.problem(s))
	}
	return errors.Join(problems...)
}

// maxCrashes is how often a component may fail before it has been ready once
// until waiting for it is given up.
const maxCrashes = 8

func (c *Cluster) problem(s node.Status) error {
	switch {
	case s.PID == 0 && s.Restarts >= maxCrashes:
		return finalError{fmt.Errorf("%s keeps ending (%s)\n%s", s.Name, s.LastEnd, c.tail(s.Name))}
	case s.PID == 0 && s.LastEnd != "":
		return fmt.Errorf("%s is not running (%s)\n%s", s.Name, s.LastEnd, c.tail(s.Name))
	case s.PID == 0:
		return fmt.Errorf("%s is not running yet", s.Name)
	default:
		return fmt.Errorf("%s is not ready: %s\n%s", s.Name, s.Problem, c.tail(s.Name))
	}
}

func (c *Cluster) order(ctx context.Context, method, path string) ([]byte, error) {
	client, err := c.supervisor()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the supervisor: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the supervisor's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, finalError{errors.New(strings.TrimSpace(string(body)))}
	}
	return body, nil
}
