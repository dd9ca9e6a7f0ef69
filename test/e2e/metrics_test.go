package e2e

import (
	"context"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	chartFiles = "../../charts/preview-operator/files/"
	// queryWindow stands for Grafana's variables in the queries of the dashboard; the specs take less.
	queryWindow = "10m"
	// scrapeTimeout is how long what has happened may take to be scraped; Prometheus scrapes every second.
	scrapeTimeout = 30 * time.Second
)

// metricsSpecs use previews while a real Prometheus watches, and then ask it everything that dashboard and alerts ask.
func metricsSpecs() {
	var prometheus *framework.Prometheus

	BeforeAll(func(ctx SpecContext) {
		pod, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		prometheus, err = framework.StartPrometheus(GinkgoT().TempDir(), "../../hack/prometheus.sh",
			net.JoinHostPort(pod.Status.PodIP, "8080"), net.JoinHostPort(pod.Status.PodIP, "8082"))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(prometheus.Stop()).To(Succeed()) })
		Eventually(ctx, number(prometheus, "sum(up)")).WithTimeout(time.Minute).WithPolling(poll).Should(Equal(2.0), prometheus.Log)

		// What waiting pods do is counted, too.
		poolOfStandardRuntime(ctx, 3)
		// The second time, everything that happens is an increase.
		for _, round := range []string{"first", "second"} {
			before, err := prometheus.Query(ctx, "sum(preview_gateway_stream_duration_seconds_count)")
			Expect(err).NotTo(HaveOccurred())
			Expect(before).To(HaveLen(1))
			useEverything(ctx, round)
			Eventually(ctx, number(prometheus, "sum(preview_gateway_stream_duration_seconds_count)")).
				WithTimeout(scrapeTimeout).WithPolling(poll).Should(BeNumerically(">", before[0].Value))
		}
	})
	AfterAll(deleteAll)

	It("feed every panel of the dashboard", func(ctx SpecContext) {
		for _, panel := range dashboard() {
			for _, target := range panel.Targets {
				query := strings.NewReplacer("$__rate_interval", queryWindow, "$__range", queryWindow).Replace(target.Expr)
				Eventually(ctx, func(ctx context.Context) ([]framework.Sample, error) {
					samples, err := prometheus.Query(ctx, query)
					return slices.DeleteFunc(samples, func(s framework.Sample) bool { return math.IsNaN(s.Value) }), err
				}).WithTimeout(scrapeTimeout).WithPolling(poll).ShouldNot(BeEmpty(), "%s: %s", panel.Title, query)
			}
		}
	})

	It("count what has happened", func(ctx SpecContext) {
		for query, atLeast := range map[string]float64{
			`preview_launches_total{result="Running"}`:                                  2,
			`preview_launches_total{result="ImportError"}`:                              2,
			`preview_ended_total{reason="StopRequested"}`:                               2,
			`preview_handovers_total{result="serving"}`:                                 2,
			`preview_handovers_total{result="failed"}`:                                  2,
			`preview_gateway_proxied_duration_seconds_count{outcome="answered"}`:        2,
			`preview_gateway_launches_total{result="found"}`:                            2,
			`preview_gateway_problems_total{type="invalid-preview-token"}`:              2,
			`preview_gateway_stream_duration_seconds_count{reason="client-gone"}`:       2,
			`preview_launch_duration_seconds_count{stage="import"}`:                     2,
			`preview_gateway_requests_total{route="none",method="none",code="4xx"}`:     2,
			`preview_store_duration_seconds_count{operation="put"}`:                     4,
			`leader_election_master_status{name="preview-operator"}`:                    1,
			`sum(preview_launch_duration_seconds_sum{stage="total"}) > 0`:               0,
			`sum(preview_ports) - 99`:                                                   1,
			`sum(preview_store_errors_total) == bool 0`:                                 1,
			`sum(preview_gateway_requests_total{route="other"} or vector(0)) == bool 0`: 1,
		} {
			Eventually(ctx, number(prometheus, query)).WithTimeout(scrapeTimeout).WithPolling(poll).Should(BeNumerically(">=", atLeast), query)
		}
	})

	It("feed every alert", func(ctx SpecContext) {
		alerts, err := prometheus.Alerts(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(len(alerts)).To(BeNumerically(">=", 8))
		for _, alert := range alerts {
			Expect(alert.Health).To(Equal("ok"), "%s: %s", alert.Name, alert.LastError)
			_, err := prometheus.Query(ctx, alert.Query)
			Expect(err).NotTo(HaveOccurred(), alert.Name)
			selectors := selector.FindAllString(alert.Query, -1)
			Expect(selectors).NotTo(BeEmpty(), alert.Query)
			for _, selector := range selectors {
				Expect(prometheus.Series(ctx, selector)).To(BeNumerically(">", 0), "%s: %s", alert.Name, selector)
			}
		}
	})
}

// selector finds the selectors of an expression: names of metrics have an underscore, and so have a few functions, which
// are followed by a parenthesis.
var selector = regexp.MustCompile(`\b(?:preview|leader_election)_[a-z_]+(?:\{[^}]*\})?`)

// useEverything launches previews that run and fail, uses them, and stops them.
func useEverything(ctx context.Context, round string) {
	GinkgoHelper()
	works := launchProject(ctx, "metrics-"+round, minimal(round), 0)
	broken := launchProject(ctx, "metrics-broken-"+round, example("broken"), 0)
	works.eventuallyRunning(ctx)
	_, err := works.Launch(ctx, works.id, "project-metrics-"+round, 0)
	Expect(err).NotTo(HaveOccurred())

	stream, err := works.Logs(ctx, works.id)
	Expect(err).NotTo(HaveOccurred())
	Expect(works.Get(ctx, works.id, works.launch.SessionToken, "/")).To(HaveField("StatusCode", BeNumerically("<", 500)))
	_, err = works.Get(ctx, works.id, "no-token", "/")
	Expect(framework.StatusOf(err)).To(Equal(http.StatusForbidden))
	response, err := http.Get(cluster.GatewayURL + "/no/such/route")
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	Expect(response.StatusCode).To(Equal(http.StatusNotFound))
	stream.Close()

	broken.eventuallyFailed(ctx)
	Expect(works.Stop(ctx, works.id)).To(Succeed())
}

// number is the value of a query that has one.
func number(prometheus *framework.Prometheus, query string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		samples, err := prometheus.Query(ctx, query)
		if err != nil || len(samples) != 1 {
			return math.NaN(), err
		}
		return samples[0].Value, nil
	}
}

type dashboardPanel struct {
	Title   string
	Targets []struct{ Expr string }
}

func dashboard() []dashboardPanel {
	GinkgoHelper()
	raw, err := os.ReadFile(chartFiles + "dashboard.json")
	Expect(err).NotTo(HaveOccurred())
	var dashboard struct{ Panels []dashboardPanel }
	Expect(json.Unmarshal(raw, &dashboard)).To(Succeed())
	Expect(len(dashboard.Panels)).To(BeNumerically(">=", 20))
	return dashboard.Panels
}
