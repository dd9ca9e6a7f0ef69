package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	// idleSeconds is a session time-out that is over before anybody looks.
	idleSeconds = 8
	// usedSeconds is a session time-out that leaves the time to use a preview.
	usedSeconds = 30
	// sinceUse is how long a preview outlives its session time-out at most, if it was used: use is recorded once a minute.
	sinceUse = 100 * time.Second
	// takenUp is how long a changed setting may take to act: the kubelet is told to look, the manager looks every 5 s.
	takenUp = 60 * time.Second
	// sweptWithin is the default PREVIEW_SWEEP_INTERVAL, and time to spare.
	sweptWithin = 90 * time.Second
	// goneTTL is kept long enough to be seen.
	goneTTL = 40

	liveSettings    = framework.Release + "-live-settings"
	restartSettings = framework.Release + "-settings"
)

// The cases wait for times that pass by themselves, so everything is started at once and then looked at. They change
// the settings of the installation and put them back.
var _ = Describe("The limits of an installation", Serial, Ordered, ContinueOnFailure, func() {
	var viewed, used, aged preview
	var idleName, byDefaultName, failedName, atOnceName, viewedName, usedName string
	var forced *v1alpha1.PreviewInstance
	var ownerless, foreign *corev1.Pod
	var begun time.Time
	var stopUsing func()

	create := func(ctx context.Context, name string, files map[string]string, edit func(*v1alpha1.PreviewInstanceSpec)) *v1alpha1.PreviewInstance {
		GinkgoHelper()
		instance := framework.InlineInstance(cluster.Namespace, unique(name), unique("user"), files)
		if edit != nil {
			edit(&instance.Spec)
		}
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		return instance
	}
	BeforeAll(func(ctx SpecContext) {
		DeferCleanup(deleteAll)
		viewed = launchProject(ctx, "viewed", minimal("viewed"), 0)
		used = launchProject(ctx, "used", minimal("used"), 0)
		aged = launchProject(ctx, "aged", minimal("aged"), 0)
		for _, p := range []preview{viewed, used, aged} {
			// The first use is recorded at the half of a session, or after a minute: this one is over before.
			p.change(ctx, fmt.Sprintf(`{"spec":{"sessionTimeoutSeconds":%d}}`, usedSeconds))
		}
		idleName = create(ctx, "unused", minimal("unused"), func(s *v1alpha1.PreviewInstanceSpec) { s.SessionTimeoutSeconds = ptr.To(int32(idleSeconds)) }).Name
		byDefaultName = create(ctx, "default", minimal("default"), nil).Name
		failedName = create(ctx, "failing", testProject("quitting"), func(s *v1alpha1.PreviewInstanceSpec) { s.TTLSecondsAfterFinished = ptr.To(int32(goneTTL)) }).Name
		atOnceName = create(ctx, "at-once", minimal("at-once"), func(s *v1alpha1.PreviewInstanceSpec) {
			s.MaxUptimeSeconds, s.TTLSecondsAfterFinished = ptr.To(int32(shortSeconds)), ptr.To(int32(0))
		}).Name
		forced = create(ctx, "forced", minimal("forced"), nil)

		stopUsing = useContinuously(ctx, []preview{viewed, aged}, used)
		DeferCleanup(func() { stopUsing() })
		begun = time.Now()
		short := fmt.Sprintf(`{"spec":{"sessionTimeoutSeconds":%d,"maxUptimeSeconds":3600}}`, idleSeconds)
		viewedName, usedName = viewed.patch(ctx, short), used.patch(ctx, short)
		aged.patch(ctx, fmt.Sprintf(`{"spec":{"sessionTimeoutSeconds":%d,"maxUptimeSeconds":10}}`, idleSeconds))
		ownerless, foreign = strayPods(ctx, viewed.eventuallyRunning(ctx))
	})

	It("stops what nobody uses, and tells before when it will", func(ctx SpecContext) {
		instance := eventuallyPhase(ctx, named(idleName), v1alpha1.PhaseStopped, startTimeout)
		Expect(instance.Status.Reason).To(Equal(v1alpha1.ReasonSessionTimeout))
		Expect(instance.Status.StoppedAt.Sub(instance.Status.StartedAt.Time)).To(BeNumerically("~", idleSeconds*time.Second, 3*time.Second))
		Expect(instance.Status.ExpiresAt.Sub(instance.Status.StoppedAt.Time)).To(Equal(time.Hour), "that is when it will be deleted")

		running := eventuallyPhase(ctx, named(byDefaultName), v1alpha1.PhaseRunning, startTimeout)
		Expect(running.Status.SessionExpiresAt.Sub(running.Status.StartedAt.Time)).To(Equal(30 * time.Minute))
		Expect(running.Status.MaxUptimeAt.Sub(running.Status.StartedAt.Time)).To(Equal(time.Hour))
		Expect(running.Status.ExpiresAt).To(Equal(running.Status.SessionExpiresAt))
		Expect(cluster.Kubectl(ctx, "get", "pvi", byDefaultName, "-o", "wide")).To(And(
			ContainSubstring("RESTARTS"), ContainSubstring("EXPIRES"), ContainSubstring(running.Status.ExpiresAt.UTC().Format(time.RFC3339))))
	})

	It("stops what has run as long as it may, although somebody looks at it", func(ctx SpecContext) {
		instance := eventuallyPhase(ctx, aged.instance, v1alpha1.PhaseStopped, startTimeout)
		Expect(instance.Status.Reason).To(Equal(v1alpha1.ReasonMaxUptime))
		Expect(instance.Annotations).To(HaveKey(v1alpha1.AnnotationLastActivity))
		eventuallyNoPods(ctx, string(instance.UID))
	})

	It("keeps what failed with its log for its time to live, then collects both", func(ctx SpecContext) {
		// It may be gone when this case begins: what it left is seen in its events then.
		instance, err := cluster.Instance(ctx, failedName)
		Expect(err).NotTo(HaveOccurred())
		if instance != nil {
			failed := eventuallyPhase(ctx, named(failedName), v1alpha1.PhaseFailed, startTimeout)
			Expect(failed.Status.ExpiresAt.Sub(failed.Status.StoppedAt.Time)).To(Equal(goneTTL * time.Second))
			Expect(cluster.Kubectl(ctx, "logs", failed.Status.PodName)).NotTo(BeEmpty())
			eventuallyAbsent(ctx, failedName)
			Expect(time.Now()).To(BeTemporally(">=", failed.Status.ExpiresAt.Time))
			eventuallyNoPods(ctx, string(failed.UID))
		}
		Expect(cluster.Kubectl(ctx, "events", "--for", "previewinstance/"+failedName)).To(ContainSubstring("exit code 3"))
	})

	It("collects at once what has no time to live", func(ctx SpecContext) {
		eventuallyAbsent(ctx, atOnceName)
		Expect(cluster.Kubectl(ctx, "events", "--for", "previewinstance/"+atOnceName)).To(ContainSubstring("MaxUptime"))
	})

	It("deletes the pod of an instance that was removed by force, and frees its port", func(ctx SpecContext) {
		running := eventuallyPhase(ctx, named(forced.Name), v1alpha1.PhaseRunning, startTimeout)
		strip := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		Expect(cluster.Client.Patch(ctx, running, strip)).To(Succeed())
		Expect(cluster.Client.Delete(ctx, running)).To(Succeed())
		eventuallyAbsent(ctx, forced.Name)
		eventuallyNoPods(ctx, string(running.UID))
	})

	It("deletes pods that lost their instance and their owner, and leaves others alone that look like them", func(ctx SpecContext) {
		pods := cluster.Kube.CoreV1().Pods(cluster.Namespace)
		Eventually(ctx, func(ctx context.Context) ([]string, error) {
			list, err := pods.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + ownerless.Name})
			if err != nil {
				return nil, err
			}
			var names []string
			for _, pod := range list.Items {
				names = append(names, pod.Name)
			}
			return names, nil
		}).WithTimeout(sweptWithin).WithPolling(poll).Should(BeEmpty())
		Eventually(ctx, func(ctx context.Context) (string, error) {
			return cluster.Kubectl(ctx, "events", "--for", "pod/"+ownerless.Name)
		}).WithTimeout(10 * time.Second).WithPolling(poll).Should(ContainSubstring("OrphanDeleted"))
		pod, err := pods.Get(ctx, foreign.Name, metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(pod.DeletionTimestamp).To(BeNil())
	})

	It("takes up changed times while it runs, for instances that run", func(ctx SpecContext) {
		manager, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		restore := changeSettings(ctx, liveSettings, map[string]string{"PREVIEW_SESSION_TIMEOUT": "3000", "PREVIEW_MAX_UPTIME": "7200"})
		DeferCleanup(func(ctx SpecContext) {
			restore(ctx)
			expectDefaultTimes(ctx, create)
		})
		Eventually(ctx, uptimeOf(byDefaultName)).WithTimeout(takenUp).WithPolling(poll).Should(Equal(2 * time.Hour))
		Expect(named(byDefaultName)(ctx)).To(HaveField("Status.Phase", v1alpha1.PhaseRunning))

		changeSettings(ctx, liveSettings, map[string]string{"PREVIEW_SESSION_TIMEOUT": "30", "PREVIEW_MAX_UPTIME": "60"})
		stopped := eventuallyPhase(ctx, named(byDefaultName), v1alpha1.PhaseStopped, takenUp+30*time.Second)
		Expect(stopped.Status.Reason).To(Equal(v1alpha1.ReasonSessionTimeout))

		changeSettings(ctx, liveSettings, map[string]string{"PREVIEW_TTL_AFTER_FINISHED": "0"})
		eventuallyAbsent(ctx, byDefaultName)
		eventuallyAbsent(ctx, idleName)
		now, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(now.UID).To(Equal(manager.UID))
		Expect(restartCount(*now)).To(Equal(restartCount(*manager)))
	})

	It("launches nothing while previews are turned off, and leaves running ones alone", func(ctx SpecContext) {
		restore := changeSettings(ctx, liveSettings, map[string]string{"PREVIEW_ENABLED": "false"})
		DeferCleanup(restore)
		late := preview{UserClient: userClient(unique("user")), id: unique("late")}
		Expect(late.PutGeneration(ctx, late.id, "p", minimal("late"))).To(Succeed())
		var refused *framework.Error
		Eventually(ctx, func(ctx context.Context) (int, error) {
			_, err := late.Launch(ctx, late.id, "p", 0)
			if err == nil {
				return http.StatusCreated, late.Stop(ctx, late.id)
			}
			if !errors.As(err, &refused) {
				return 0, err
			}
			return refused.Status, nil
		}).WithTimeout(takenUp).WithPolling(time.Second).Should(Equal(http.StatusServiceUnavailable))
		Expect(refused.Header.Get("Content-Type")).To(HavePrefix("application/problem+json"))

		var waiting *v1alpha1.PreviewInstance
		Eventually(ctx, func(ctx context.Context) (string, error) {
			if waiting != nil {
				Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, waiting))).To(Succeed())
			}
			waiting = create(ctx, "waiting-"+strings.ToLower(rand.Text()[:4]), minimal("waiting"), nil)
			Eventually(ctx, named(waiting.Name)).WithPolling(poll).Should(HaveField("Status.Reason", Not(BeEmpty())))
			return reasonOf(waiting.Name, v1alpha1.ConditionAccepted)(ctx)
		}).WithTimeout(takenUp).WithPolling(time.Second).Should(Equal(v1alpha1.ReasonDisabled))
		Expect(viewed.Get(ctx, viewed.id, viewed.launch.SessionToken, "/")).To(HaveField("StatusCode", http.StatusOK))

		restore(ctx)
		eventuallyPhase(ctx, named(waiting.Name), v1alpha1.PhaseRunning, startTimeout)
		Eventually(ctx, func(ctx context.Context) error {
			_, err := late.Launch(ctx, late.id, "p", 0)
			return err
		}).WithTimeout(takenUp).WithPolling(time.Second).Should(Succeed())
	})

	It("keeps what is viewed or used", func(ctx SpecContext) {
		defer stopUsing()
		Eventually(ctx, func() time.Duration { return time.Since(begun) }).
			WithTimeout(2 * sinceUse).WithPolling(time.Second).Should(BeNumerically(">", sinceUse+idleSeconds*time.Second))
		for _, p := range []preview{viewed, used} {
			instance, err := p.instance(ctx)
			Expect(err).NotTo(HaveOccurred())
			Expect(instance.Status.Phase).To(Equal(v1alpha1.PhaseRunning), summary(instance))
			Expect(instance.Status.StartedAt.Add(idleSeconds * time.Second)).To(BeTemporally("<", time.Now().Add(-sinceUse)))
		}
	})

	It("gives out more than 100 ports", func(ctx SpecContext) {
		restore := changeSettings(ctx, restartSettings, map[string]string{"PREVIEW_PORT_MAX": "4000"})
		DeferCleanup(func(ctx SpecContext) {
			instances, err := cluster.Instances(ctx, userPrefix)
			Expect(err).NotTo(HaveOccurred())
			for i := range instances {
				if name := instances[i].Name; name != viewedName && name != usedName {
					Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, &instances[i]))).To(Succeed())
				}
			}
			restore(ctx)
			restartOperator(ctx)
		})
		restartOperator(ctx)

		By("taking 100 ports with pods that wait for a node")
		runtime := lateRuntime(ctx)
		DeferCleanup(func(ctx SpecContext) { Expect(cluster.Client.Delete(ctx, runtime)).To(Succeed()) })
		for i := range allPorts {
			create(ctx, fmt.Sprintf("port-%03d", i), minimal("port"), func(s *v1alpha1.PreviewInstanceSpec) {
				// The previews of one user are limited, too.
				s.RuntimeName, s.UserID = runtime.Name, unique(fmt.Sprintf("user-%d", i/10))
			})
		}
		Eventually(ctx, func(ctx context.Context) (map[int32]string, error) {
			instances, err := cluster.Instances(ctx, userPrefix)
			ports := map[int32]string{}
			for _, instance := range instances {
				if instance.Status.Port != 0 {
					Expect(ports).NotTo(HaveKey(instance.Status.Port))
					ports[instance.Status.Port] = instance.Name
				}
			}
			return ports, err
		}).WithTimeout(startTimeout).WithPolling(time.Second).Should(Satisfy(func(p map[int32]string) bool { return len(p) >= allPorts }))

		By("using the one beyond")
		first := launchProject(ctx, "beyond", minimal("beyond"), 0)
		second := launchProject(ctx, "beyond-2", minimal("beyond"), 0)
		beyond := first
		if second.launch.Port > first.launch.Port {
			beyond = second
		}
		Expect(beyond.launch.Port).To(And(BeNumerically(">", 3100), BeNumerically("<=", 4000)))
		beyond.eventuallyRunning(ctx)
		Expect(beyond.Get(ctx, beyond.id, beyond.launch.SessionToken, "/")).To(HaveField("StatusCode", http.StatusOK))
		policy := &networkingv1.NetworkPolicy{}
		Expect(cluster.Client.Get(ctx, client.ObjectKey{Namespace: cluster.Namespace, Name: v1alpha1.NetworkPolicyName}, policy)).To(Succeed())
		Expect(policy.Spec.Ingress[0].Ports).To(ContainElement(HaveField("EndPort", HaveValue(Equal(int32(4000))))))
	})

	It("stops what was viewed and used when nobody does any more", func(ctx SpecContext) {
		for _, name := range []string{viewedName, usedName} {
			stopped := eventuallyPhase(ctx, named(name), v1alpha1.PhaseStopped, 2*sinceUse)
			Expect(stopped.Status.Reason).To(Equal(v1alpha1.ReasonSessionTimeout))
		}
	})
})

// patch changes the instance of a preview once it runs, and returns its name.
func (p preview) patch(ctx context.Context, patch string) string {
	GinkgoHelper()
	p.eventuallyRunning(ctx)
	return p.change(ctx, patch)
}

// change changes the instance of a preview, and returns its name.
func (p preview) change(ctx context.Context, patch string) string {
	GinkgoHelper()
	instance, err := p.instance(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Client.Patch(ctx, instance, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
	return instance.Name
}

// useContinuously opens the logs of some previews and sends requests to another, until the function that it returns is
// called. It returns when the first use of each is on record, so that short time-outs can be set.
func useContinuously(ctx context.Context, viewed []preview, used preview) (stop func()) {
	GinkgoHelper()
	background, cancel := context.WithCancel(context.Background())
	var streams []*framework.LogStream
	for _, p := range viewed {
		p.eventuallyRunning(ctx)
		stream, err := p.Logs(background, p.id)
		Expect(err).NotTo(HaveOccurred())
		streams = append(streams, stream)
	}
	used.eventuallyRunning(ctx)
	var requests sync.WaitGroup
	requests.Go(func() {
		defer GinkgoRecover()
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			_, err := used.Get(background, used.id, used.launch.SessionToken, "/")
			if background.Err() != nil {
				return
			}
			Expect(err).NotTo(HaveOccurred())
			select {
			case <-tick.C:
			case <-background.Done():
				return
			}
		}
	})
	for _, p := range append(viewed, used) {
		Eventually(ctx, p.instance).WithTimeout(30 * time.Second).WithPolling(poll).
			Should(HaveField("Annotations", HaveKey(v1alpha1.AnnotationLastActivity)))
	}
	return sync.OnceFunc(func() {
		cancel()
		requests.Wait()
		for _, stream := range streams {
			stream.Close()
		}
	})
}

// strayPods makes two pods after the model of an instance's: one that nobody owns and whose instance never was, and one
// of the same name and labels that belongs to somebody else.
func strayPods(ctx context.Context, model *v1alpha1.PreviewInstance) (ownerless, foreign *corev1.Pod) {
	GinkgoHelper()
	running := onlyPod(ctx, model)
	certificates, err := cluster.Kube.CoreV1().ConfigMaps(cluster.Namespace).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	stray := func(owners ...metav1.OwnerReference) *corev1.Pod {
		pod := &corev1.Pod{Spec: *running.Spec.DeepCopy()}
		pod.Name = unique("stray") + "-" + strings.ToLower(rand.Text()[:10])
		pod.Labels, pod.OwnerReferences = maps.Clone(running.Labels), owners
		pod.Labels[v1alpha1.LabelInstanceUID] = string(uuid.NewUUID())
		pod.Spec.NodeName, pod.Spec.Hostname = "", pod.Name
		created, err := cluster.Kube.CoreV1().Pods(cluster.Namespace).Create(ctx, pod, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) {
			err := cluster.Kube.CoreV1().Pods(cluster.Namespace).Delete(ctx, created.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(0))})
			Expect(client.IgnoreNotFound(err)).To(Succeed())
		})
		return created
	}
	return stray(), stray(*metav1.NewControllerRef(certificates, corev1.SchemeGroupVersion.WithKind("ConfigMap")))
}

// eventuallyAbsent waits until an instance is gone.
func eventuallyAbsent(ctx context.Context, name string) {
	GinkgoHelper()
	Eventually(ctx, func(ctx context.Context) (*v1alpha1.PreviewInstance, error) { return cluster.Instance(ctx, name) }).
		WithTimeout(startTimeout).WithPolling(poll).Should(BeNil())
}

// uptimeOf reads how long an instance may run.
func uptimeOf(name string) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		instance, err := named(name)(ctx)
		if err != nil || instance.Status.MaxUptimeAt == nil {
			return 0, err
		}
		return instance.Status.MaxUptimeAt.Sub(instance.Status.StartedAt.Time), nil
	}
}

// changeSettings changes a ConfigMap of settings with kubectl and has the kubelet look at it, which it does by itself
// within a minute or so. It returns what puts the settings back.
func changeSettings(ctx context.Context, configMap string, values map[string]string) (restore func(context.Context)) {
	GinkgoHelper()
	before, err := cluster.Kube.CoreV1().ConfigMaps(framework.SystemNamespace).Get(ctx, configMap, metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	patchSettings(ctx, configMap, values)
	return func(ctx context.Context) { patchSettings(ctx, configMap, before.Data) }
}

func patchSettings(ctx context.Context, configMap string, values map[string]string) {
	GinkgoHelper()
	patch, err := json.Marshal(map[string]any{"data": values})
	Expect(err).NotTo(HaveOccurred())
	system := []string{"--namespace", framework.SystemNamespace}
	_, err = cluster.Kubectl(ctx, append(system, "patch", "configmap", configMap, "--type=merge", "-p", string(patch))...)
	Expect(err).NotTo(HaveOccurred())
	manager, err := cluster.ManagerPod(ctx)
	Expect(err).NotTo(HaveOccurred())
	_, err = cluster.Kubectl(ctx, append(system, "annotate", "pod", manager.Name, "--overwrite", "e2e.preview.codebegen.dev/look="+rand.Text())...)
	Expect(err).NotTo(HaveOccurred())
}

// expectDefaultTimes waits until the manager has taken the default times up again: the cases to come rely on them.
func expectDefaultTimes(ctx context.Context, create func(context.Context, string, map[string]string, func(*v1alpha1.PreviewInstanceSpec)) *v1alpha1.PreviewInstance) {
	GinkgoHelper()
	instance := create(ctx, "restored", minimal("restored"), nil)
	eventuallyPhase(ctx, named(instance.Name), v1alpha1.PhaseRunning, startTimeout)
	Eventually(ctx, uptimeOf(instance.Name)).WithTimeout(takenUp).WithPolling(poll).Should(Equal(time.Hour))
}

// restartOperator lets settings act that need a restart.
func restartOperator(ctx context.Context) {
	GinkgoHelper()
	for _, args := range [][]string{
		{"rollout", "restart", "deployment/" + framework.Release},
		{"rollout", "status", "deployment/" + framework.Release, "--timeout=80s"},
	} {
		_, err := cluster.Kubectl(ctx, append([]string{"--namespace", framework.SystemNamespace}, args...)...)
		Expect(err).NotTo(HaveOccurred())
	}
	eventuallyReady(ctx, cluster.Gateway)
}
