package framework

import (
	"context"
	"fmt"
	"strings"
)

// Diagnose describes the PreviewInstances of the users with this prefix, their pods, the namespace's events and the
// manager's latest lines, for the report of a failure. What cannot be read is reported as such.
func (c *Cluster) Diagnose(ctx context.Context, userPrefix string) string {
	var report strings.Builder
	add := func(title, text string, err error) {
		fmt.Fprintf(&report, "--- %s\n%s\n", title, strings.TrimSpace(text))
		if err != nil {
			fmt.Fprintf(&report, "(%v)\n", err)
		}
	}
	kubectl := func(title string, args ...string) {
		text, err := c.Kubectl(ctx, args...)
		add(title, text, err)
	}
	kubectl("previews and pods", "get", "pvi,pods", "-o", "wide")
	instances, err := c.Instances(ctx, userPrefix)
	if err != nil {
		add("instances", "", err)
	}
	const most = 4
	for i, instance := range instances {
		if i == most {
			add("instances", fmt.Sprintf("%d more", len(instances)-most), nil)
			break
		}
		kubectl("describe "+instance.Name, "describe", "pvi", instance.Name)
		if pod := instance.Status.PodName; pod != "" {
			kubectl("log of "+pod, "logs", pod, "--tail=40")
		}
	}
	kubectl("events", "events")
	for _, container := range []string{"manager", "gateway"} {
		kubectl("log of the "+container, "logs", "deployment/"+Release, "-n", SystemNamespace, "-c", container, "--tail=60")
	}
	return report.String()
}
