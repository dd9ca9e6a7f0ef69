package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/codebegen/preview-operator/test/corpus/launches"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// contractSpecs call every route and the documented errors that can be provoked. Every answer of this suite is held
// against the description as it arrives (framework.Gateway.Hold).
func contractSpecs() {
	AfterAll(deleteAll)

	It("calls every route", func(ctx SpecContext) {
		p := launchProject(ctx, "routes", minimal(runID), 0)
		Expect(p.PutGeneration(ctx, p.id, "project-routes", minimal(runID))).To(Succeed())
		generation, preview := "/api/v1/generations/"+p.id, "/api/v1/generations/"+p.id+"/preview"
		p.expect(ctx, "GET", generation, http.StatusOK, "")
		p.expect(ctx, "GET", "/api/v1/generations?limit=1", http.StatusOK, "")
		p.expect(ctx, "GET", "/api/v1/previews?project_id=project-routes", http.StatusOK, "")
		p.expect(ctx, "POST", preview+"/launch?wait=30", http.StatusOK, "")
		p.eventuallyRunning(ctx)
		for _, path := range []string{"/status", "/config", "/endpoints", "/runs", "/logs"} {
			p.expect(ctx, "GET", preview+path, http.StatusOK, "")
		}
		p.expect(ctx, "POST", preview+"/token", http.StatusOK, "")
		p.expect(ctx, "POST", preview+"/logs/ticket", http.StatusCreated, "")
		p.expect(ctx, "GET", preview+"/logs/stream?ticket=x", http.StatusBadRequest, "invalid-request")
		p.get(ctx, "/", nil, &map[string]any{})
		stream, err := p.Logs(ctx, p.id)
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, stream.Events).WithPolling(poll).ShouldNot(BeEmpty())
		stream.Close()
		for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"} {
			p.expect(ctx, "GET", path, http.StatusOK, "")
		}
		p.expect(ctx, "DELETE", preview, http.StatusNoContent, "")
		p.expect(ctx, "DELETE", generation, http.StatusNoContent, "")
	})

	It("provokes the documented errors", func(ctx SpecContext) {
		p := launchProject(ctx, "errors", testProject("awkward"), 0)
		idle := unique("idle")
		Expect(p.PutGeneration(ctx, idle, "project-idle", minimal(runID))).To(Succeed())
		generation, preview := "/api/v1/generations/"+p.id, "/api/v1/generations/"+p.id+"/preview"

		By("being nobody, somebody else, and somewhere else")
		nobody, stranger := seenBy(p, ""), seenBy(p, userClient(unique("stranger")).Bearer)
		for _, route := range []string{"GET ", "DELETE ", "GET /preview/status", "GET /preview/config", "GET /preview/endpoints", "GET /preview/logs/stream",
			"POST /preview/launch", "POST /preview/token", "POST /preview/logs/ticket", "POST /preview/request", "DELETE /preview"} {
			method, path, _ := strings.Cut(route, " ")
			nobody.expect(ctx, method, generation+path, http.StatusUnauthorized, "unauthorized")
			stranger.expect(ctx, method, generation+path, http.StatusForbidden, "forbidden")
			p.expect(ctx, method, "/api/v1/generations/-"+path, http.StatusBadRequest, "invalid-request")
			p.expect(ctx, method, "/api/v1/generations/"+unique("never")+path, http.StatusNotFound, "generation-not-found")
		}
		p.expect(ctx, "GET", "/api/v1/previews?user_id=root", http.StatusForbidden, "role-required")
		p.expect(ctx, "GET", "/api/v1/generations?limit=0", http.StatusBadRequest, "invalid-request")
		p.expect(ctx, "GET", "/nope", http.StatusNotFound, "route-not-found")
		p.expect(ctx, "PATCH", generation, http.StatusMethodNotAllowed, "method-not-allowed")

		By("using a preview that is not there")
		for _, route := range []string{"GET /status", "GET /config", "GET /logs/stream", "POST /logs/ticket", "POST /token", "POST /request"} {
			method, path, _ := strings.Cut(route, " ")
			p.expect(ctx, method, "/api/v1/generations/"+idle+"/preview"+path, http.StatusNotFound, "preview-not-found")
		}

		By("reading an application that answers late, at length, and not to the end")
		p.eventuallyRunning(ctx)
		p.request(ctx, "/long", http.StatusBadGateway, "response-too-large")
		p.request(ctx, "/cut", http.StatusBadGateway, "application-broken")
		p.request(ctx, "/late", http.StatusGatewayTimeout, "application-timeout")
		p.request(ctx, "no slash", http.StatusBadRequest, "invalid-request")
		other := p
		other.launch.SessionToken = "wrong"
		other.request(ctx, "/", http.StatusForbidden, "invalid-preview-token")

		By("using a key for two requests")
		key := http.Header{"Idempotency-Key": {unique("key")}}
		p.expectWith(ctx, "POST", preview+"/launch", key, map[string]any{"timeout": 60}, http.StatusOK, "")
		p.expectWith(ctx, "POST", preview+"/launch", key, map[string]any{"timeout": 61}, http.StatusUnprocessableEntity, "idempotency-key-reused")

		By("using one that has ended")
		Expect(p.Stop(ctx, p.id)).To(Succeed())
		Eventually(ctx, func(ctx context.Context) (string, error) {
			status, err := p.Status(ctx, p.id)
			return status.Status, err
		}).WithTimeout(goneTimeout).WithPolling(poll).Should(Equal("stopped"))
		p.request(ctx, "/", http.StatusConflict, "preview-not-running")
		p.expect(ctx, "POST", preview+"/token", http.StatusConflict, "preview-not-running")
	})

	It("refuses a user who launches too often, and too many viewers", func(ctx SpecContext) {
		p := launchProject(ctx, "often", minimal(runID), 0)
		p.eventuallyRunning(ctx)
		for range 16 {
			stream, err := p.Logs(ctx, p.id)
			Expect(err).NotTo(HaveOccurred())
			defer stream.Close()
		}
		path := "/api/v1/generations/" + p.id + "/preview"
		p.expect(ctx, "GET", path+"/logs/stream", http.StatusTooManyRequests, "too-many-streams")
		status := http.StatusOK
		for range 200 {
			var err error
			var body []byte
			if status, _, body, err = p.Call(ctx, "POST", path+"/launch", nil, nil); status != http.StatusOK {
				Expect(err).NotTo(HaveOccurred())
				Expect(string(body)).To(ContainSubstring("/problems/too-many-launches"))
				break
			}
		}
		Expect(status).To(Equal(http.StatusTooManyRequests))
	})

	It("refuses every bad launch of the corpus and shows nothing of itself", func(ctx SpecContext) {
		address, err := url.Parse(cluster.GatewayURL)
		Expect(err).NotTo(HaveOccurred())
		service, err := cluster.Gateway.Token(unique("backend"), map[string]any{"role": "service"})
		Expect(err).NotTo(HaveOccurred())
		cases := launches.All()
		Expect(len(cases)).To(BeNumerically(">=", 120))
		// A user may launch so often in a minute; the rest is for the next one.
		for i, some := range slices.Collect(slices.Chunk(cases, 40)) {
			owner, id := userClient(unique(fmt.Sprintf("corpus-%d", i))), unique(fmt.Sprintf("corpus-%d", i))
			Expect(owner.PutGeneration(ctx, id, "proj", minimal(runID))).To(Succeed())
			tokens := map[launches.Who]string{launches.Owner: owner.Bearer, launches.Stranger: userClient(unique("stranger")).Bearer, launches.Service: service}
			for _, c := range some {
				answer, err := c.Send(address.Host, id, tokens[c.As])
				Expect(err).NotTo(HaveOccurred(), c.Name)
				Expect(c.Judge(answer, cluster.Namespace+".", framework.SystemNamespace)).To(Succeed())
			}
			_, err = preview{UserClient: owner, id: id}.instance(ctx)
			Expect(err).To(MatchError(ContainSubstring("has no PreviewInstance")))
		}
		logs, err := cluster.GatewayLogs(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(logs).To(ContainSubstring("/preview/launch"))
		Expect(logs).NotTo(Or(ContainSubstring("panicked"), ContainSubstring("panic:")))
		fmt.Printf("\ncorpus: %d bad launches were refused\n", len(cases))
	})

	It("has called every documented operation", func() {
		contract := cluster.Gateway.Contract
		succeeded := map[string]bool{}
		for _, one := range contract.Occurred() {
			if one.Status < 300 {
				succeeded[one.Operation] = true
			}
		}
		for _, operation := range contract.Operations() {
			Expect(succeeded).To(HaveKey(operation))
		}
		fmt.Printf("\ncontract: %d documented answers occurred\n", len(contract.Occurred()))
	})
}

// seenBy is the preview as somebody with another token sees it.
func seenBy(p preview, bearer string) preview {
	client := *p.UserClient
	client.Bearer = bearer
	p.UserClient = &client
	return p
}

// expect sends a request without a body and expects a status and the end of a problem's type.
func (p preview) expect(ctx context.Context, method, path string, status int, problem string) {
	GinkgoHelper()
	p.expectWith(ctx, method, path, nil, nil, status, problem)
}

func (p preview) expectWith(ctx context.Context, method, path string, headers http.Header, in any, status int, problem string) {
	GinkgoHelper()
	got, _, body, err := p.Call(ctx, method, path, headers, in)
	Expect(err).NotTo(HaveOccurred())
	Expect(got).To(Equal(status), "%s %s: %.500s", method, path, body)
	if problem != "" {
		var document framework.Problem
		Expect(json.Unmarshal(body, &document)).To(Succeed())
		Expect(document.Type).To(HaveSuffix("/"+problem), "%s %s", method, path)
	}
}

// request expects a problem in place of the application's answer.
func (p preview) request(ctx context.Context, path string, status int, problem string) {
	GinkgoHelper()
	headers := http.Header{"X-Preview-Token": {p.launch.SessionToken}}
	p.expectWith(ctx, "POST", "/api/v1/generations/"+p.id+"/preview/request", headers, framework.Envelope{Method: "GET", Path: path}, status, problem)
}
