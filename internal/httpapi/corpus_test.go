package httpapi

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/test/contract"
	"github.com/codebegen/preview-operator/test/corpus/launches"
)

// The corpus over the wire, against the server with its limits.
func TestCorpusOfBadLaunches(t *testing.T) {
	h := newServed(t)
	h.configure(func(s *settings.Settings) { s.LaunchesPerMinute = 100000 })
	h.stored("gen", "alice")
	tokens := map[launches.Who]string{
		launches.Owner: h.token("alice", auth.RoleUser), launches.Stranger: h.token("bob", auth.RoleUser), launches.Service: h.token("backend", auth.RoleService),
	}
	cases := launches.All()
	if len(cases) < 120 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			a, err := c.Send(strings.TrimPrefix(h.url, "http://"), "gen", tokens[c.As])
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Judge(a, jwtSecret, sessionKey, "canary", "uid-"); err != nil {
				t.Error(err)
			}
			if c.Problem == "" {
				return
			}
			id := "gen"
			if c.ID != "" {
				id = c.ID
			}
			if err := h.contract().Check(contract.Exchange{
				Method: "POST", Path: base + id + "/preview/launch", Status: a.Status, Header: a.Header, Body: a.Body,
			}); err != nil {
				t.Errorf("contract: %v", err)
			}
		})
	}
	var list v1alpha1.PreviewInstanceList
	h.must(h.cluster.List(t.Context(), &list, client.InNamespace(namespace)))
	if len(list.Items) != 0 {
		t.Errorf("%d instances were created", len(list.Items))
	}
	if log := h.log.String(); strings.Contains(log, "panicked") {
		t.Errorf("a handler panicked:\n%s", log)
	}
	fmt.Printf("corpus: %d bad launches were refused\n", len(cases))
}
