package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// density keeps many previews running at once, and tells what they cost.
func density(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
	files, err := framework.LoadProject(o.project)
	if err != nil {
		return nil, err
	}
	if err := removeAll(ctx, cluster); err != nil {
		return nil, err
	}
	pool, err := newRuntimePool(ctx, cluster, o.warm)
	if err != nil {
		return nil, err
	}
	d := &crowd{cluster: cluster, figures: map[string]float64{}, answered: newSeries("a request to each of them, all running"),
		started: newSeries("launch to the nonce, one after the other, without waiting for the pool")}
	err = d.run(ctx, files, o)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := errors.Join(err, pool.restore(after), d.end(after)); err != nil {
		return nil, err
	}
	r := newReport("density", "Many previews at once", d.notes(o), d.started, d.answered)
	r.Figures = d.figures
	return r, nil
}

type crowd struct {
	cluster           *framework.Cluster
	attempts          []*attempt
	started, answered *series
	figures           map[string]float64
	// pss is the memory of each preview's pod, and kinds that of all processes of a name, in MiB.
	pss   []float64
	kinds map[string]float64
	// cpu is the processor time of each component while nothing happens, in percent of one processor.
	cpu map[string]float64
}

func (d *crowd) run(ctx context.Context, files map[string]string, o options) error {
	before, err := available()
	if err != nil {
		return err
	}
	launcher := newLauncher(d.cluster)
	for i := range o.previews {
		a, err := launcher.prepare(ctx, files)
		if err != nil {
			return err
		}
		d.attempts = append(d.attempts, a)
		t, err := a.launch(ctx, time.Now())
		if err != nil {
			return fmt.Errorf("preview %d: %w", i+1, err)
		}
		if err := d.started.add(t.total); err != nil {
			return err
		}
		if (i+1)%10 == 0 {
			fmt.Printf("%3d/%d previews run\n", i+1, o.previews)
		}
	}
	if err := d.askAll(ctx); err != nil {
		return err
	}
	if err := d.memory(ctx); err != nil {
		return err
	}
	after, err := available()
	if err != nil {
		return err
	}
	d.figures["machine_mib_in_all"] = before - after
	d.figures["previews"] = float64(len(d.attempts))
	return d.idle(ctx, o)
}

// askAll sends one request to each preview: all of them answer, or it is an error.
func (d *crowd) askAll(ctx context.Context) error {
	for i, a := range d.attempts {
		begun := time.Now()
		reply, err := a.user.Get(ctx, a.id, a.token, noncePath)
		if err != nil {
			return fmt.Errorf("ask preview %d: %w", i+1, err)
		}
		if reply.StatusCode != http.StatusOK || !isNonce([]byte(reply.Body), a.nonce) {
			return fmt.Errorf("preview %d answered %d: %.200q", i+1, reply.StatusCode, reply.Body)
		}
		if err := d.answered.add(time.Since(begun)); err != nil {
			return err
		}
	}
	return nil
}

// memory adds up the proportional share of memory of all processes in the pods of the previews.
func (d *crowd) memory(ctx context.Context) error {
	owned := map[string]bool{}
	for _, a := range d.attempts {
		owned[a.uid] = true
	}
	pods, err := d.cluster.PreviewPods(ctx)
	if err != nil {
		return err
	}
	processes, err := memories()
	if err != nil {
		return err
	}
	d.kinds = map[string]float64{}
	for i := range pods {
		if len(pods[i].OwnerReferences) == 0 || !owned[string(pods[i].OwnerReferences[0].UID)] {
			continue
		}
		sum := 0.0
		for _, p := range processes {
			if framework.InPod(p.group, string(pods[i].UID)) {
				sum += p.pss
				d.kinds[p.name] += p.pss / float64(len(d.attempts))
			}
		}
		d.pss = append(d.pss, sum)
	}
	if len(d.pss) != len(d.attempts) {
		return fmt.Errorf("%d previews have %d pods", len(d.attempts), len(d.pss))
	}
	slices.Sort(d.pss)
	d.figures["pss_mib_p50"], d.figures["pss_mib_max"] = d.pss[len(d.pss)/2], d.pss[len(d.pss)-1]
	for _, pss := range d.pss {
		d.figures["pss_mib_in_all"] += pss
	}
	return nil
}

// processMemory is a process, its control group and its proportional share of memory in MiB.
type processMemory struct {
	name, group string
	pss         float64
}

func memories() ([]processMemory, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var all []processMemory
	for _, folder := range folders {
		// Processes come and go while they are listed; those of the kernel have no memory.
		rollup, err := os.ReadFile(filepath.Join(folder, "smaps_rollup"))
		if err != nil {
			continue
		}
		kib, err := field(string(rollup), "Pss:")
		if err != nil {
			continue
		}
		group, groupErr := os.ReadFile(filepath.Join(folder, "cgroup"))
		name, nameErr := os.ReadFile(filepath.Join(folder, "comm"))
		if groupErr != nil || nameErr != nil {
			continue
		}
		all = append(all, processMemory{name: strings.TrimSpace(string(name)), group: string(group), pss: float64(kib) / 1024})
	}
	return all, nil
}

// available is the machine's available memory in MiB.
func available() (float64, error) {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	kib, err := field(string(raw), "MemAvailable:")
	return float64(kib) / 1024, err
}

// idle measures the processor time that all of it takes while nobody asks for anything.
func (d *crowd) idle(ctx context.Context, o options) error {
	// The pool is filled up and the deployment calms down first.
	if _, err := o.idle.wait(ctx); err != nil {
		return err
	}
	components, err := findComponents(ctx, d.cluster)
	if err != nil || components.group == "" {
		return err
	}
	before, err := components.used()
	if err != nil {
		return err
	}
	pods, err := groupCPU(filepath.Join(components.group, "kubepods"))
	if err != nil {
		return err
	}
	fmt.Printf("watching for %s what they use while nobody asks\n", o.duration)
	begun := time.Now()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(o.duration):
	}
	after, err := components.used()
	if err != nil {
		return err
	}
	podsAfter, err := groupCPU(filepath.Join(components.group, "kubepods"))
	if err != nil {
		return err
	}
	percent := func(used time.Duration) float64 { return 100 * float64(used) / float64(time.Since(begun)) }
	d.cpu = map[string]float64{}
	for name, used := range since(before, after) {
		d.cpu[name] = percent(used)
		d.figures["idle_cpu_percent_"+name] = d.cpu[name]
	}
	d.figures["idle_cpu_percent_pods"] = percent(podsAfter - pods)
	return nil
}

// end stops all previews and removes their generations.
func (d *crowd) end(ctx context.Context) error {
	if err := removeAll(ctx, d.cluster); err != nil {
		return err
	}
	for _, a := range d.attempts {
		if err := a.user.DeleteGeneration(ctx, a.id); err != nil {
			return err
		}
	}
	return nil
}

func (d *crowd) notes(o options) []string {
	f := d.figures
	notes := []string{
		fmt.Sprintf("%d previews of %s at once. Proportional share of memory (PSS) of a preview's pod: p50 %.1f MiB, most %.1f MiB; all of them %.0f MiB. "+
			"The machine's available memory went down by %.0f MiB.", len(d.attempts), o.project, f["pss_mib_p50"], f["pss_mib_max"], f["pss_mib_in_all"], f["machine_mib_in_all"]),
		"Of a pod's MiB, by process: " + list(d.kinds) + ".",
	}
	if len(d.cpu) > 0 {
		notes = append(notes, fmt.Sprintf("While nobody asked for anything, over %s, in percent of one processor: all pods of the cluster %.1f (%s).",
			o.duration, f["idle_cpu_percent_pods"], listOf(d.cpu)))
	}
	return notes
}

// listOf is list for figures of which one digit is enough.
func listOf(figures map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		parts = append(parts, name+" "+strconv.FormatFloat(figures[name], 'f', 1, 64))
	}
	return strings.Join(parts, ", ")
}
