package framework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Prometheus is a private one that scrapes the installation.
type Prometheus struct {
	URL     string
	process *exec.Cmd
	log     *os.File
}

// StartPrometheus starts hack/prometheus.sh, which scrapes these addresses until Stop. Its output goes into folder.
func StartPrometheus(folder, script string, targets ...string) (*Prometheus, error) {
	// The port may be taken by somebody else before Prometheus takes it; it then says so and ends.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(folder, "prometheus.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(script, append([]string{"run", strconv.Itoa(port)}, targets...)...)
	cmd.Stdout, cmd.Stderr = log, log
	return &Prometheus{URL: fmt.Sprintf("http://127.0.0.1:%d", port), process: cmd, log: log}, cmd.Start()
}

// Stop ends it; its data goes with it.
func (p *Prometheus) Stop() error {
	defer p.log.Close()
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.process.Wait()
}

// Log is what it has printed.
func (p *Prometheus) Log() string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Sample is one series of the answer to a query.
type Sample struct {
	Metric map[string]string
	// Value is NaN where nothing was observed.
	Value float64
}

// Query evaluates an expression now. An expression that is not valid is an error.
func (p *Prometheus) Query(ctx context.Context, expression string) ([]Sample, error) {
	var data struct {
		ResultType string
		Result     []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := p.get(ctx, "query", url.Values{"query": {expression}}, &data); err != nil {
		return nil, err
	}
	if data.ResultType != "vector" {
		return nil, fmt.Errorf("%s is a %s, not a vector", expression, data.ResultType)
	}
	samples := make([]Sample, 0, len(data.Result))
	for _, r := range data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", expression, err)
		}
		samples = append(samples, Sample{Metric: r.Metric, Value: value})
	}
	return samples, nil
}

// Series counts the series that a selector finds.
func (p *Prometheus) Series(ctx context.Context, selector string) (int, error) {
	var data []map[string]string
	err := p.get(ctx, "series", url.Values{"match[]": {selector}}, &data)
	return len(data), err
}

// Alert is an alerting rule as Prometheus has loaded it.
type Alert struct {
	Name, Query, Health, LastError string
}

// Alerts lists the alerting rules.
func (p *Prometheus) Alerts(ctx context.Context) ([]Alert, error) {
	var data struct{ Groups []struct{ Rules []Alert } }
	err := p.get(ctx, "rules", nil, &data)
	var alerts []Alert
	for _, group := range data.Groups {
		alerts = append(alerts, group.Rules...)
	}
	return alerts, err
}

func (p *Prometheus) get(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/api/v1/"+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return err
	}
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("status %d, %.200q: %w", response.StatusCode, raw, err)
	}
	if answer.Status != "success" {
		return errors.New(strings.TrimSpace(answer.Error + " in " + query.Encode()))
	}
	return json.Unmarshal(answer.Data, into)
}
