package node

import (
	"fmt"
	"os"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/iproute"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// setUpNetwork configures the node's end of the cable, which the host has put
// into this namespace under the name eth0. There is no default route and no
// translation of addresses: nothing in the cluster reaches further than the host.
func setUpNetwork(s subnet.Subnet) error {
	for name, value := range map[string]string{
		// Pods are routed, not bridged.
		"ip_forward": "1",
		// A pod has one way out; a redirect would tell it nothing, and would use up
		// what it is allowed in refusals.
		"conf/all/send_redirects":     "0",
		"conf/default/send_redirects": "0",
		// Whoever dials an address outside the cluster is refused at once, always.
		"icmp_ratelimit": "0",
	} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	// Service addresses belong to no device. The route makes the kernel take
	// packets for them at all; kube-proxy's rules send them to a pod before any
	// of them gets as far as this empty bridge.
	return iproute.Batch(
		"link set lo up",
		fmt.Sprintf("address add %s/%d dev eth0", s.Node(), s.Cable().Bits()),
		"link set eth0 up",
		"link add services type bridge",
		"link set services up",
		fmt.Sprintf("route add %s dev services src %s", s.Services(), s.Node()),
	)
}
