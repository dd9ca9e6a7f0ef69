package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// maxScrape bounds what is read of a /metrics.
const maxScrape = 64 << 20

// scrape reads the metrics of a component of the operator's pod.
func scrape(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return "", err
	}
	response, err := direct.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxScrape))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("http://%s/metrics answered %d", address, response.StatusCode)
	}
	return string(text), err
}

// scrapeAPIServer reads the API server's metrics.
func scrapeAPIServer(ctx context.Context, cluster *framework.Cluster) (string, error) {
	raw, err := cluster.Kube.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	return string(raw), err
}

// sumBy adds the samples of a metric up by the values of some labels, which it joins by a space. A label that a sample
// lacks is left out.
func sumBy(text, metric string, labels ...string) (map[string]float64, error) {
	sums := map[string]float64{}
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, metric)
		if !found || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		values, rest, err := parseLabels(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w in %.200q", metric, err, line)
		}
		// A time stamp may follow the value.
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return nil, fmt.Errorf("%s: no value in %.200q", metric, line)
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w in %.200q", metric, err, line)
		}
		var key []string
		for _, label := range labels {
			if values[label] != "" {
				key = append(key, values[label])
			}
		}
		sums[strings.Join(key, " ")] += value
	}
	return sums, nil
}

// parseLabels reads {name="value",…}, which may be missing, and returns what follows.
func parseLabels(text string) (values map[string]string, rest string, err error) {
	rest, found := strings.CutPrefix(text, "{")
	if !found {
		return nil, text, nil
	}
	values = map[string]string{}
	for {
		if after, closed := strings.CutPrefix(rest, "}"); closed {
			return values, after, nil
		}
		name, value, found := strings.Cut(rest, "=")
		if !found {
			return nil, "", fmt.Errorf("a label has no value")
		}
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return nil, "", fmt.Errorf("label %s: %w", name, err)
		}
		if values[name], err = strconv.Unquote(quoted); err != nil {
			return nil, "", fmt.Errorf("label %s: %w", name, err)
		}
		rest = strings.TrimPrefix(value[len(quoted):], ",")
	}
}

// grown is by how much each sum has grown; what has not grown is left out.
func grown(before, after map[string]float64) map[string]float64 {
	difference := maps.Clone(after)
	for key, value := range before {
		difference[key] -= value
	}
	maps.DeleteFunc(difference, func(_ string, value float64) bool { return value <= 0 })
	return difference
}

// writeVerbs are the verbs of requests that change something, as apiserver_request_total names them.
var writeVerbs = map[string]string{"POST": "create", "PUT": "update", "PATCH": "patch", "APPLY": "apply", "DELETE": "delete"}

// apiWrites counts the writes that the API server has answered, by verb, resource and subresource.
func apiWrites(text string) (map[string]float64, error) {
	all, err := sumBy(text, "apiserver_request_total", "verb", "resource", "subresource")
	writes := map[string]float64{}
	for key, value := range all {
		verb, what, _ := strings.Cut(key, " ")
		if name := writeVerbs[verb]; name != "" {
			writes[name+" "+strings.ReplaceAll(what, " ", "/")] += value
		}
	}
	return writes, err
}

// ownWrite reports whether a write that happens during a launch is the manager's or the gateway's, and made for the launch:
// the status of the runtime is the pool's. The kubelet writes only the status of pods, the scheduler bindings; events are
// counted by who reports them.
func ownWrite(key string) bool {
	_, what, _ := strings.Cut(key, " ")
	resource, subresource, _ := strings.Cut(what, "/")
	switch resource {
	case "previewinstances":
		return true
	case "pods":
		return subresource == "" || subresource == "resize"
	default:
		return false
	}
}
