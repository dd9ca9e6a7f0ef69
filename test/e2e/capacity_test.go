package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
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
		user := userClient(unique("user"))
		previews = make([]preview, allPorts+1)
		for i := range previews {
			previews[i] = preview{UserClient: user, id: unique(fmt.Sprintf("capacity-%03d", i))}
			Expect(user.PutGeneration(ctx, previews[i].id, "capacity", minimal(previews[i].id))).To(Succeed())
		}
	})
	AfterAll(deleteAll)

	It("runs 100 previews launched at once, each on a port of its own", func(ctx SpecContext) {
		started := time.Now()
		errs := inParallel(previews[:allPorts], func(p *preview) (err error) {
			p.launch, err = p.Launch(ctx, p.id, "capacity", 0)
			return err
		})
		Expect(errs).To(HaveEach(BeNil()))
		GinkgoWriter.Printf("%d launches were answered in %s\n", allPorts, time.Since(started).Round(time.Millisecond))
		ports := map[int32]bool{}
		for _, p := range previews[:allPorts] {
			ports[p.launch.Port] = true
		}
		Expect(ports).To(HaveLen(allPorts), "ports were given twice")

		By("refusing one more")
		last := previews[allPorts]
		_, err := last.Launch(ctx, last.id, "capacity", 0)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusServiceUnavailable), "%v", err)
		refusal := err.(*framework.Error)
		Expect(strconv.Atoi(refusal.Header.Get("Retry-After"))).To(BeNumerically(">", 0))
		Expect(refusal.Header.Get("Content-Type")).To(HavePrefix("application/problem+json"))
		Expect(refusal.Problem.Type).NotTo(BeEmpty())

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
		errs := inParallel(previews[:allPorts], func(p *preview) error {
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
		Expect(errs).To(HaveEach(BeNil()))
	})

	It("launches again as soon as a port is free", func(ctx SpecContext) {
		Expect(previews[0].Stop(ctx, previews[0].id)).To(Succeed())
		last := &previews[allPorts]
		Eventually(ctx, func(ctx context.Context) (err error) {
			last.launch, err = last.Launch(ctx, last.id, "capacity", 0)
			return err
		}).WithTimeout(goneTimeout).WithPolling(poll).Should(Succeed())
		Expect(last.launch.Port).To(Equal(previews[0].launch.Port))
	})

	It("leaves nothing behind", func(ctx SpecContext) {
		deleteAll(ctx)
		eventuallyNothingLeft(ctx)
		Expect(namespaceObjects(ctx)).To(Equal(before))
	})
}

// inParallel calls the function for all previews at once and returns its errors in their order.
func inParallel(previews []preview, do func(*preview) error) []error {
	errs := make([]error, len(previews))
	var group sync.WaitGroup
	for i := range previews {
		group.Go(func() { errs[i] = do(&previews[i]) })
	}
	group.Wait()
	return errs
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
