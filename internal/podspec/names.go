package podspec

import (
	"crypto/rand"
	"strings"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// maxPodName is the limit of a DNS label: a pod's name is also its host name.
const maxPodName = 63

// PodName makes a new name for a pod of an instance: the beginning of the instance's name, for people, and 50 random
// bits, so that no two pods ever share a name, nor the secret that is derived from it.
func PodName(instance string) string {
	suffix := "-" + strings.ToLower(rand.Text()[:10])
	// A dot is legal in the name of an instance but ends a DNS label.
	prefix := strings.ReplaceAll(instance, ".", "-")
	if len(prefix) > maxPodName-len(suffix) {
		prefix = prefix[:maxPodName-len(suffix)]
	}
	return strings.TrimRight(prefix, "-") + suffix
}

// Host is the DNS name of a pod inside the cluster.
func Host(podName, namespace, clusterDomain string) string {
	return podName + "." + v1alpha1.ServiceName + "." + namespace + ".svc." + clusterDomain
}

// BaseURL fills the template of PREVIEW_BASE_URL_TEMPLATE.
func BaseURL(template, host, port, name, namespace string) string {
	return strings.NewReplacer("{host}", host, "{port}", port, "{name}", name, "{namespace}", namespace).Replace(template)
}
