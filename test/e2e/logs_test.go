package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// countedLines are more than the kubelet keeps in two files of a container's log.
const countedLines = 300_000

// pacedLines are printed in some twelve seconds, which is longer than an API server takes to be back.
const pacedLines = 60_000

// logSpecs restart the manager and the API server while an application prints, and read its log when nothing else is left of it.
func logSpecs() {
	It("keep each line once while managers are killed and replaced, and outlive the pod", func(ctx SpecContext) {
		p := launchCounter(ctx, "counter", countedLines, "0")
		started := time.Now()
		for part, interrupt := range []func(context.Context){killManager, replaceOperator, killManager} {
			p.eventuallyPrinted(ctx, countedLines*(part+1)/5)
			interrupt(ctx)
		}
		p.eventuallyPrinted(ctx, countedLines)
		GinkgoWriter.Printf("%d lines were printed in %s\n", countedLines, time.Since(started).Round(time.Millisecond))

		By("deleting everything else that knows the log")
		p.deleteResource(ctx)
		Eventually(ctx, p.logState).WithTimeout(time.Minute).WithPolling(poll).Should(Equal(logState{Status: "stopped", LogComplete: true}))
		p.expectCounted(ctx, countedLines)
	})

	It("keep each line once while the API server crashes and restarts, and previews are launched afterwards", func(ctx SpecContext) {
		p := launchCounter(ctx, "counter-api", pacedLines, "0.02")
		for part, command := range []string{"kill", "restart"} {
			p.eventuallyPrinted(ctx, pacedLines*(part+1)/4)
			Expect(cluster.LocalCluster(ctx, command, "apiserver")).To(Succeed())
		}
		p.eventuallyPrinted(ctx, pacedLines)
		next := eventuallyLaunched(ctx, "after-api", minimal("after-api"))
		DeferCleanup(func(ctx SpecContext) { _ = next.DeleteGeneration(ctx, next.id) })
		next.eventuallyRunning(ctx)

		p.deleteResource(ctx)
		Eventually(ctx, p.logState).WithTimeout(time.Minute).WithPolling(poll).Should(Equal(logState{Status: "stopped", LogComplete: true}))
		p.expectCounted(ctx, pacedLines)
	})
}

// lostSpecs take the pod of a preview away while no manager is there to read its log.
func lostSpecs() {
	It("say that lines are missing, and from when, when a pod was deleted by force while the manager was away", func(ctx SpecContext) {
		p := launchCounter(ctx, "lost", pacedLines, "0.02")
		p.eventuallyPrinted(ctx, pacedLines/4)
		instance, err := p.instance(ctx)
		Expect(err).NotTo(HaveOccurred())
		scale := func(ctx context.Context, replicas string) {
			GinkgoHelper()
			Expect(cluster.Kubectl(ctx, "--namespace", framework.SystemNamespace, "scale", "deployment", framework.Release, "--replicas", replicas)).NotTo(BeEmpty())
			Expect(cluster.Kubectl(ctx, "--namespace", framework.SystemNamespace, "rollout", "status", "deployment", framework.Release)).NotTo(BeEmpty())
		}
		DeferCleanup(scale, "1")
		scale(ctx, "0")
		Eventually(ctx, func(ctx context.Context) error {
			_, err := cluster.ManagerPod(ctx)
			return err
		}).WithTimeout(startTimeout).WithPolling(poll).ShouldNot(Succeed())
		away := time.Now()
		Expect(cluster.Kubectl(ctx, "delete", "pod", onlyPod(ctx, instance).Name, "--force", "--grace-period=0")).NotTo(BeEmpty())
		eventuallyNoPods(ctx, string(instance.UID))
		scale(ctx, "1")

		var s story
		Eventually(ctx, func(ctx context.Context) error {
			status, _, body, err := p.Call(ctx, http.MethodGet, "/api/v1/generations/"+p.id+"/preview/runs", nil, nil)
			if err != nil || status != http.StatusOK {
				return fmt.Errorf("%d %s: %w", status, body, err)
			}
			if err := json.Unmarshal(body, &s); err != nil {
				return err
			}
			if len(s.Runs) != 1 || !s.Runs[0].LogComplete {
				return fmt.Errorf("the end is not recorded: %s", body)
			}
			return nil
		}).WithTimeout(startTimeout).WithPolling(poll).Should(Succeed())
		run := s.Runs[0]
		Expect([]string{run.Status, run.Reason}).To(Equal([]string{"failed", "PodLost"}))
		Expect(run.LinesMissing).To(BeNil(), "nobody can know how many")
		Expect(run.MissingFrom).To(HaveValue(BeTemporally("~", away, startTimeout)))
	})
}

// launchCounter launches an application that prints numbered lines, with a pause in seconds after each hundred.
func launchCounter(ctx context.Context, name string, lines int, pause string) preview {
	GinkgoHelper()
	p := launchProject(ctx, name, testProject("counter"), 0)
	DeferCleanup(func(ctx SpecContext) { _ = p.DeleteGeneration(ctx, p.id) })
	p.eventuallyRunning(ctx)
	reply, err := p.Request(ctx, p.id, p.launch.SessionToken, framework.Envelope{
		Method: http.MethodPost, Path: fmt.Sprintf("/count/%d", lines), Query: map[string]string{"pause": pause},
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(reply.StatusCode).To(Equal(http.StatusOK))
	return p
}

// eventuallyLaunched launches a project as a client does that is told to try again while the gateway cannot reach the API
// server: the node routes to one that was restarted only when it has seen its address again.
func eventuallyLaunched(ctx context.Context, name string, files map[string]string) preview {
	GinkgoHelper()
	p := storedProject(ctx, name, files)
	Eventually(ctx, func(ctx context.Context) (err error) {
		p.launch, err = p.Launch(ctx, p.id, "project-"+name, 0)
		var answer *framework.Error
		if errors.As(err, &answer) && (answer.Status != http.StatusServiceUnavailable || answer.RetryAfter() == 0) {
			return StopTrying("not told to try again").Wrap(err)
		}
		return err
	}).WithTimeout(startTimeout).WithPolling(poll).Should(Succeed())
	return p
}

// deleteResource deletes the PreviewInstance of the preview, and waits until it is gone.
func (p preview) deleteResource(ctx context.Context) {
	GinkgoHelper()
	instance, err := p.instance(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Client.Delete(ctx, instance)).To(Succeed())
	eventuallyAbsent(ctx, instance.Name)
}

// eventuallyPrinted waits until the application has printed that many lines.
func (p preview) eventuallyPrinted(ctx context.Context, lines int) {
	GinkgoHelper()
	Eventually(ctx, func(ctx context.Context) (int, error) {
		reply, err := p.Get(ctx, p.id, p.launch.SessionToken, "/printed")
		if err != nil {
			return 0, err
		}
		var answer struct{ Printed int }
		return answer.Printed, reply.Decode(&answer)
	}).WithTimeout(5 * time.Minute).WithPolling(20 * time.Millisecond).Should(BeNumerically(">=", lines))
}

// killManager kills the manager's process and waits until it has been started again.
func killManager(ctx context.Context) {
	GinkgoHelper()
	manager, err := cluster.ManagerPod(ctx)
	Expect(err).NotTo(HaveOccurred())
	process, err := framework.ContainerProcess(string(manager.UID), "/manager")
	Expect(err).NotTo(HaveOccurred())
	Expect(kill(process)).To(Succeed())
	Eventually(ctx, func(ctx context.Context) (int, error) {
		return framework.ContainerProcess(string(manager.UID), "/manager")
	}).WithTimeout(startTimeout).WithPolling(poll).ShouldNot(Or(BeZero(), Equal(process)))
}

// replaceOperator deletes the pod of manager and gateway and waits for another one.
func replaceOperator(ctx context.Context) {
	GinkgoHelper()
	before, err := cluster.ManagerPod(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Client.Delete(ctx, before)).To(Succeed())
	Eventually(ctx, func(ctx context.Context) (bool, error) {
		now, err := cluster.ManagerPod(ctx)
		if err != nil {
			return false, err
		}
		for _, c := range now.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				return now.UID != before.UID, nil
			}
		}
		return false, nil
	}).WithTimeout(startTimeout).WithPolling(poll).Should(BeTrue())
}

// logState is what the page of a log says about the run.
type logState struct {
	Status       string `json:"status"`
	LogComplete  bool   `json:"log_complete"`
	LinesMissing int    `json:"lines_missing"`
}

func (p preview) logState(ctx context.Context) (logState, error) {
	status, _, body, err := p.Call(ctx, http.MethodGet, p.logPath(), nil, nil)
	if err != nil || status != http.StatusOK {
		return logState{}, fmt.Errorf("%d %s: %w", status, body, err)
	}
	var answer struct{ Run logState }
	return answer.Run, json.Unmarshal(body, &answer)
}

func (p preview) logPath() string {
	return "/api/v1/generations/" + p.id + "/preview/logs?run_id=" + p.launch.ID + "&source=subprocess"
}

// expectCounted reads the whole log and wants every number, once and in its order.
func (p preview) expectCounted(ctx context.Context, lines int) {
	GinkgoHelper()
	log, err := p.Export(ctx, p.logPath(), "application/x-ndjson")
	Expect(err).NotTo(HaveOccurred())
	defer log.Close()
	next := 1
	for reader := bufio.NewReader(log); ; {
		text, err := reader.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		Expect(err).NotTo(HaveOccurred())
		var line struct{ Message string }
		Expect(json.Unmarshal(text, &line)).To(Succeed())
		var number int
		if n, _ := fmt.Sscanf(line.Message, "line %d of", &number); n != 1 {
			continue
		}
		if number != next {
			Expect(number).To(Equal(next), "a line is missing, twice there, or in another place")
		}
		next++
	}
	Expect(next - 1).To(Equal(lines))
}
