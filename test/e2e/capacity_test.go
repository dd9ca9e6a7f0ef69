package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// allPorts is the number of ports of the installation.
const allPorts = 100

// previewsOfUser is how many previews each user launches here, within PREVIEW_MAX_PER_USER.
const previewsOfUser = 10

// patientSeconds is the startup timeout of the previews here, in place of the configured one: a hundred interpreters share
// the processors with whatever else the machine does, and the case is about ports.
const patientSeconds = 300

// delayedProblem ends the type of the problem that a launch was not taken up in time.
const delayedProblem = "/launch-delayed"

// capacitySpecs fill the whole range of ports.
func capacitySpecs() {
	var previews []preview
	var before []string

	BeforeAll(func(ctx SpecContext) {
		deleteAll(ctx)
		eventuallyNothingLeft(ctx)
		instances, err := cluster.Instances(ctx, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(instances).To(BeEmpty(), "the case needs every port; previews of others are in the way")
		before = namespaceObjects(ctx)
		shrinkRuntime(ctx)
		previews = make([]preview, allPorts+1)
		var user *framework.UserClient
		for i := range previews {
			if i%previewsOfUser == 0 {
				user = userClient(unique(fmt.Sprintf("capacity-user-%d", i/previewsOfUser)))
			}
			previews[i] = preview{UserClient: user, id: unique(fmt.Sprintf("capacity-%03d", i))}
			Expect(user.PutGeneration(ctx, previews[i].id, "capacity", minimal(previews[i].id))).To(Succeed())
		}
	})
	AfterAll(deleteAll)

	It("runs 100 previews launched at once, each on a port of its own", func(ctx SpecContext) {
		started := time.Now()
		var delayed atomic.Int32
		errs := inParallel(previews[:allPorts], allPorts, func(p *preview) (err error) {
			p.launch, err = launchPatiently(ctx, *p, &delayed)
			return err
		})
		Expect(errs).To(BeEmpty())
		GinkgoWriter.Printf("%d launches were answered in %s, %d answers were to try again\n",
			allPorts, time.Since(started).Round(time.Millisecond), delayed.Load())
		ports := map[int32]bool{}
		for _, p := range previews[:allPorts] {
			ports[p.launch.Port] = true
		}
		Expect(ports).To(HaveLen(allPorts), "ports were given twice")

		By("refusing one more")
		last := previews[allPorts]
		_, err := last.Launch(ctx, last.id, "capacity", 0)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusServiceUnavailable), "%v", err)
		var refusal *framework.Error
		Expect(errors.As(err, &refusal)).To(BeTrue())
		Expect(refusal.RetryAfter()).To(BeNumerically(">", 0))
		Expect(refusal.Header.Get("Content-Type")).To(HavePrefix("application/problem+json"))
		Expect(refusal.Problem.Type).NotTo(Or(BeEmpty(), HaveSuffix(delayedProblem)), "full is another problem than slow")

		By("waiting for all of them")
		reported := time.Now()
		Eventually(ctx, func(ctx context.Context) (int, error) {
			running, err := running(ctx, previews[:allPorts])
			if time.Since(reported) > 5*time.Second {
				reported = time.Now()
				GinkgoWriter.Printf("%s: %d of %d run\n", time.Since(started).Round(time.Second), running, allPorts)
			}
			return running, err
		}).WithTimeout(5 * time.Minute).WithPolling(time.Second).Should(Equal(allPorts))
		GinkgoWriter.Printf("all ran after %s\n", time.Since(started).Round(time.Second))
		expectDistinctPorts(ctx, allPorts)
	})

	It("gives every one of them its own code", func(ctx SpecContext) {
		errs := inParallel(previews[:allPorts], 10, func(p *preview) error {
			reply, err := p.Get(ctx, p.id, p.launch.SessionToken, "/")
			if err != nil {
				return err
			}
			var seen struct{ Nonce string }
			if err := reply.Decode(&seen); err != nil {
				return err
			}
			if seen.Nonce != p.id {
				return fmt.Errorf("%s answered in the place of %s", seen.Nonce, p.id)
			}
			return nil
		})
		Expect(errs).To(BeEmpty())
	})

	It("gives a free port to whoever waits for one", func(ctx SpecContext) {
		waiting := framework.InlineInstance(cluster.Namespace, unique("waiting"), unique("user"), minimal("waiting"))
		Expect(cluster.Client.Create(ctx, waiting)).To(Succeed())
		Eventually(ctx, reasonOf(waiting.Name, v1alpha1.ConditionPortAllocated)).
			WithTimeout(30 * time.Second).WithPolling(poll).Should(Equal(v1alpha1.ReasonPortsExhausted))
		Expect(named(waiting.Name)(ctx)).To(HaveField("Status.Phase", v1alpha1.PhaseStarting))

		Expect(previews[0].Stop(ctx, previews[0].id)).To(Succeed())
		ran := eventuallyPhase(ctx, named(waiting.Name), v1alpha1.PhaseRunning, startTimeout)
		Expect(ran.Status.Port).To(Equal(previews[0].launch.Port))
	})

	It("launches again as soon as a port is free", func(ctx SpecContext) {
		Expect(previews[1].Stop(ctx, previews[1].id)).To(Succeed())
		last := &previews[allPorts]
		Eventually(ctx, func(ctx context.Context) (err error) {
			last.launch, err = last.Launch(ctx, last.id, "capacity", 0)
			return err
		}).WithTimeout(goneTimeout).WithPolling(poll).Should(Succeed())
		Expect(last.launch.Port).To(Equal(previews[1].launch.Port))
	})

	It("leaves nothing behind", func(ctx SpecContext) {
		deleteAll(ctx)
		eventuallyNothingLeft(ctx)
		Expect(namespaceObjects(ctx)).To(Equal(before))
	})
}

// inParallel calls the function for all previews, at most limit at once, and returns its errors.
func inParallel(previews []preview, limit int, do func(*preview) error) []error {
	var group sync.WaitGroup
	slots := make(chan struct{}, limit)
	var mu sync.Mutex
	var errs []error
	for i := range previews {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := do(&previews[i]); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("%s: %w", previews[i].id, err))
			}
		})
	}
	group.Wait()
	return errs
}

// launchPatiently launches as a client should: when a busy installation says that a launch is delayed, it asks again
// after the time that it was told, and gets the same preview.
func launchPatiently(ctx context.Context, p preview, delayed *atomic.Int32) (framework.Launch, error) {
	for range 10 {
		launch, err := p.Launch(ctx, p.id, "capacity", patientSeconds)
		var answer *framework.Error
		if !errors.As(err, &answer) || !strings.HasSuffix(answer.Problem.Type, delayedProblem) {
			return launch, err
		}
		delayed.Add(1)
		select {
		case <-ctx.Done():
			return framework.Launch{}, ctx.Err()
		case <-time.After(answer.RetryAfter()):
		}
	}
	return framework.Launch{}, errors.New("the launch was delayed ten times")
}

// running counts the previews that run, and gives up when one has ended.
func running(ctx context.Context, previews []preview) (int, error) {
	wanted := map[string]bool{}
	for _, p := range previews {
		wanted[p.id] = true
	}
	instances, err := cluster.Instances(ctx, userPrefix)
	count := 0
	for _, instance := range instances {
		if !wanted[instance.Spec.GenerationID] {
			continue
		}
		if instance.Status.Phase.Finished() {
			return count, StopTrying(instance.Name + " ended: " + summary(&instance))
		}
		if instance.Status.Phase == v1alpha1.PhaseRunning {
			count++
		}
	}
	return count, err
}

// shrinkRuntime lets 100 previews fit on two processors, until the case is over.
func shrinkRuntime(ctx context.Context) {
	GinkgoHelper()
	runtime := &v1alpha1.PreviewRuntime{}
	key := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
	Expect(cluster.Client.Get(ctx, key, runtime)).To(Succeed())
	original := runtime.DeepCopy()
	small := []byte(`{"spec":{"cpu":{"request":"5m"},"memoryRequestMB":32}}`)
	Expect(cluster.Client.Patch(ctx, runtime, client.RawPatch(types.MergePatchType, small))).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		current := &v1alpha1.PreviewRuntime{}
		Expect(cluster.Client.Get(ctx, key, current)).To(Succeed())
		current.Spec = original.Spec
		Expect(cluster.Client.Update(ctx, current)).To(Succeed())
	})
}
