package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/store"
)

// activeRuns is a store of records, two on a page.
type activeRuns struct {
	runs []store.Run
	err  error
}

func (a activeRuns) ActiveRuns(_ context.Context, after string) ([]store.Run, error) {
	var page []store.Run
	for _, run := range a.runs {
		if run.UID > after && len(page) < store.MaxListLimit {
			page = append(page, run)
		}
	}
	return page, a.err
}

// notingCollector keeps what it is told.
type notingCollector struct {
	nothingKept
	records  []store.Run
	followed []collector.Run
}

func (c *notingCollector) Record(run store.Run)     { c.records = append(c.records, run) }
func (c *notingCollector) Follow(run collector.Run) { c.followed = append(c.followed, run) }

var _ = Describe("A sweep of the records", func() {
	It("ends those whose instance is gone, and no others, now and then", func(ctx SpecContext) {
		w := newWorld(nil)
		alive := w.create("alive", nil)
		s, _ := w.sweeper(api)
		noted := &notingCollector{}
		s.collector = noted
		clock := time.Unix(1000, 0).UTC()
		s.now = func() time.Time { return clock }
		run := func(number int, instance, namespace string, complete bool) store.Run {
			r := store.Run{UID: fmt.Sprintf("uid-%04d", number), InstanceUID: instance, Namespace: namespace, Phase: "Running", Revision: 7}
			r.Log.Complete = complete
			return r
		}
		records := activeRuns{}
		for i := range store.MaxListLimit {
			records.runs = append(records.runs, run(i, string(alive.UID), w.namespace, false))
		}
		records.runs = append(records.runs,
			run(9001, "gone", w.namespace, false), run(9002, "gone-too", w.namespace, true), run(9003, "elsewhere", "other", false))
		s.runs = records
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(s.sweep(ctx)).To(Succeed())

		Expect(noted.records).To(HaveLen(2))
		for i, uid := range []string{"uid-9001", "uid-9002"} {
			Expect(noted.records[i]).To(And(
				HaveField("UID", uid), HaveField("Phase", string(v1alpha1.PhaseFailed)), HaveField("Reason", v1alpha1.ReasonPodLost),
				HaveField("StoppedAt", HaveValue(Equal(clock))), HaveField("Failure.Reason", v1alpha1.ReasonPodLost)))
		}
		Expect(noted.followed).To(ConsistOf(HaveField("UID", "uid-9001")))

		clock = clock.Add(runsEvery)
		s.runs = activeRuns{err: errors.New("the store is away")}
		Expect(s.sweep(ctx)).To(MatchError(ContainSubstring("the store is away")))
		s.runs = activeRuns{runs: records.runs[store.MaxListLimit:]}
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(noted.records).To(HaveLen(4))
	})
})
