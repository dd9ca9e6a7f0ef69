//go:build chart

package charts

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	serviceMonitorAPI = "monitoring.coreos.com/v1/ServiceMonitor"
	prometheusRuleAPI = "monitoring.coreos.com/v1/PrometheusRule"
	monitoringOn      = "monitoring.serviceMonitor.enabled=true,monitoring.prometheusRule.enabled=true,monitoring.dashboard.enabled=true"
)

// monitoring names what of the rendered objects is about monitoring.
func monitoring(objects []unstructured.Unstructured) []string {
	names := []string{}
	for _, o := range objects {
		if strings.HasPrefix(o.GetAPIVersion(), "monitoring.coreos.com/") || strings.HasSuffix(o.GetName(), "-dashboard") || strings.HasSuffix(o.GetName(), "-metrics") {
			names = append(names, o.GetKind())
		}
	}
	slices.Sort(names)
	return names
}

func TestMonitoringIsRenderedWhenAskedForAndPossible(t *testing.T) {
	for name, tc := range map[string]struct{ args, want []string }{
		"by default":             {nil, []string{}},
		"by default, with APIs":  {[]string{"--api-versions", serviceMonitorAPI, "--api-versions", prometheusRuleAPI}, []string{}},
		"forced, but not on":     {[]string{"--set", "monitoring.force=true"}, []string{}},
		"on, without the API":    {[]string{"--set", monitoringOn}, []string{"ConfigMap"}},
		"on, with one API":       {[]string{"--set", monitoringOn, "--api-versions", prometheusRuleAPI}, []string{"ConfigMap", "PrometheusRule"}},
		"on, with both APIs":     {[]string{"--set", monitoringOn, "--api-versions", serviceMonitorAPI, "--api-versions", prometheusRuleAPI}, []string{"ConfigMap", "PrometheusRule", "Service", "ServiceMonitor"}},
		"on, forced without API": {[]string{"--set", monitoringOn, "--set", "monitoring.force=true"}, []string{"ConfigMap", "PrometheusRule", "Service", "ServiceMonitor"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, monitoring(render(t, tc.args...))); diff != "" {
				t.Errorf("rendered (-want +got):\n%s", diff)
			}
		})
	}
}

func forced(t *testing.T, set ...string) []unstructured.Unstructured {
	t.Helper()
	return render(t, "--set", strings.Join(append([]string{monitoringOn, "monitoring.force=true"}, set...), ","))
}

func find(t *testing.T, objects []unstructured.Unstructured, kind, suffix string) unstructured.Unstructured {
	t.Helper()
	i := slices.IndexFunc(objects, func(o unstructured.Unstructured) bool {
		return o.GetKind() == kind && strings.HasSuffix(o.GetName(), suffix)
	})
	if i < 0 {
		t.Fatalf("the chart rendered no %s %s", kind, suffix)
	}
	return objects[i]
}

// The ServiceMonitor selects the Service, its ports are the Service's, and those are the containers'.
func TestServiceMonitorFindsBothPorts(t *testing.T) {
	objects := forced(t, "monitoring.serviceMonitor.labels.release=prometheus")
	monitor := find(t, objects, "ServiceMonitor", "")
	if monitor.GetLabels()["release"] != "prometheus" {
		t.Error("the labels by which Prometheus selects it are missing")
	}
	services := typed[corev1.Service](t, objects, "Service")
	service := services[slices.IndexFunc(services, func(s corev1.Service) bool { return strings.HasSuffix(s.Name, "-metrics") })]
	selector, _, err := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		selected := len(selector) > 0
		for name, value := range selector {
			selected = selected && s.Labels[name] == value
		}
		if want := s.Name == service.Name; selected != want {
			t.Errorf("Service %s is selected: %v, want %v", s.Name, selected, want)
		}
	}
	endpoints, _, err := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
	if err != nil {
		t.Fatal(err)
	}
	var asked, offered []string
	for _, endpoint := range endpoints {
		asked = append(asked, endpoint.(map[string]any)["port"].(string))
	}
	for _, port := range service.Spec.Ports {
		offered = append(offered, port.Name)
		found := false
		for _, c := range operatorPod(t, objects).Containers {
			found = found || slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool {
				return c.Name == port.Name && p.Name == port.TargetPort.String() && p.ContainerPort == port.Port
			})
		}
		if !found {
			t.Errorf("no container has port %s of the Service", port.Name)
		}
	}
	if diff := cmp.Diff(asked, offered); diff != "" {
		t.Errorf("ports (-ServiceMonitor +Service):\n%s", diff)
	}
}

func TestMetricsCanBeReachedThroughTheNetworkPolicy(t *testing.T) {
	policy := typed[networkingv1.NetworkPolicy](t, forced(t, "networkPolicy.enabled=true,networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus"), "NetworkPolicy")[0]
	rule := policy.Spec.Ingress[len(policy.Spec.Ingress)-1]
	var ports []string
	for _, port := range rule.Ports {
		ports = append(ports, port.Port.String())
	}
	if diff := cmp.Diff([]string{"metrics", "http"}, ports); diff != "" || rule.From[0].PodSelector.MatchLabels["app"] != "prometheus" {
		t.Errorf("metricsFrom %v may reach (-want +got):\n%s", rule.From, diff)
	}
}

// foreign are the metrics of libraries; all others have to be in docs/metrics.md.
var foreign = regexp.MustCompile(`^(leader_election_master_status|controller_runtime_reconcile_time_seconds|workqueue_depth|process_[a-z_]+)$`)

var (
	metricName = regexp.MustCompile(`\b[a-z]+(_[a-z]+)+\b`)
	functions  = regexp.MustCompile(`\b(histogram_quantile|group_left|group_right)\b`)
	selectors  = regexp.MustCompile(`\{[^}]*\}|"[^"]*"`)
	seriesEnd  = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// checkMetrics checks that an expression asks for nothing that nobody tells of.
func checkMetrics(t *testing.T, where, expression string) {
	t.Helper()
	reference, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := metricName.FindAllString(functions.ReplaceAllString(selectors.ReplaceAllString(expression, ""), ""), -1)
	if len(names) == 0 {
		t.Errorf("%s: %s asks for no metric", where, expression)
	}
	for _, name := range names {
		if !foreign.MatchString(name) && !strings.Contains(string(reference), "| `"+name+"` |") &&
			!strings.Contains(string(reference), "| `"+seriesEnd.ReplaceAllString(name, "")+"` | histogram |") && !foreign.MatchString(seriesEnd.ReplaceAllString(name, "")) {
			t.Errorf("%s asks for %s, which docs/metrics.md does not list", where, name)
		}
	}
}

func TestAlertsSayWhatToDo(t *testing.T) {
	rule := find(t, forced(t), "PrometheusRule", "")
	groups, _, err := unstructured.NestedSlice(rule.Object, "spec", "groups")
	if err != nil || len(groups) == 0 {
		t.Fatalf("groups: %v, %v", groups, err)
	}
	alerts := 0
	for _, group := range groups {
		for _, entry := range group.(map[string]any)["rules"].([]any) {
			r := entry.(map[string]any)
			name, _ := r["alert"].(string)
			alerts++
			checkMetrics(t, name, r["expr"].(string))
			for _, member := range []string{"summary", "description", "runbook"} {
				if text, _ := r["annotations"].(map[string]any)[member].(string); len(text) < 15 {
					t.Errorf("%s has no %s: %q", name, member, text)
				}
			}
			if severity := r["labels"].(map[string]any)["severity"]; severity != "critical" && severity != "warning" {
				t.Errorf("%s has severity %v", name, severity)
			}
		}
	}
	if alerts < 8 {
		t.Errorf("%d alerts", alerts)
	}
}

func TestDashboardAsksForMetricsThatExist(t *testing.T) {
	config := find(t, forced(t), "ConfigMap", "-dashboard")
	if config.GetLabels()["grafana_dashboard"] != "1" {
		t.Error("Grafana's sidecar does not find the dashboard by its label")
	}
	text, _, err := unstructured.NestedString(config.Object, "data", "preview-operator.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		UID, Title string
		Panels     []struct {
			ID          int
			Title       string
			Description string
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct {
				Expr       string
				Datasource struct{ UID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
		t.Fatal(err)
	}
	if dashboard.UID == "" || dashboard.Title == "" || len(dashboard.Panels) < 20 {
		t.Errorf("dashboard %q %q has %d panels", dashboard.UID, dashboard.Title, len(dashboard.Panels))
	}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || panel.Title == "" || panel.Description == "" || len(panel.Targets) == 0 {
			t.Errorf("panel %d %q has a second of its id, no description or no query", panel.ID, panel.Title)
		}
		ids[panel.ID] = true
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q or the edge", panel.Title, other)
				}
				cells[[2]int{x, y}] = panel.Title
			}
		}
		for _, target := range panel.Targets {
			checkMetrics(t, panel.Title, target.Expr)
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("%s: the data source is fixed", panel.Title)
			}
		}
	}
}

func TestMonitoringSchemaRefusesNonsense(t *testing.T) {
	for _, value := range []string{
		"monitoring.serviceMonitor.interval=often", "monitoring.serviceMonitor.interval=0s", "monitoring.enabled=true",
		"monitoring.dashboard.enabled=yes", "monitoring.prometheusRule.rules=none",
	} {
		if err := exec.Command(os.Getenv("HELM"), "template", release, "preview-operator", "--set", value).Run(); err == nil {
			t.Errorf("%s is taken", value)
		}
	}
}
