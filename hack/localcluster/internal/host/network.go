package host

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/iproute"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// errTaken means that another cluster has the address plan.
var errTaken = errors.New("the address plan is taken")

// claim creates the cable between host and node, both ends still on the host.
func (c *Cluster) claim(s subnet.Subnet) error {
	if linkExists(s.Link()) {
		return errTaken
	}
	if err := iproute.Batch(fmt.Sprintf("link add %s type veth peer name %s", s.Link(), nodeEnd(s))); err != nil {
		if linkExists(s.Link()) {
			return errTaken
		}
		return err
	}
	// A link nobody owns would stay for ever.
	if err := iproute.Batch(fmt.Sprintf("link set %s alias %s", s.Link(), c.alias())); err != nil {
		return errors.Join(err, iproute.Batch("link delete "+s.Link()))
	}
	return nil
}

// alias marks a link as this cluster's, so that no other takes it away. It is a
// hash because there are limits to what a link may be labelled with.
func (c *Cluster) alias() string {
	return fmt.Sprintf("localcluster-%x", sha256.Sum256([]byte(c.dir)))[:32]
}

func nodeEnd(s subnet.Subnet) string { return s.Link() + "n" }

// connect gives one end of the cable to the node and sets up the other. The
// routes make pods and Services reachable from the host under their own addresses.
func connect(s subnet.Subnet, node process) error {
	return iproute.Batch(
		fmt.Sprintf("link set %s netns %d name eth0", nodeEnd(s), node.PID),
		fmt.Sprintf("address add %s/%d dev %s", s.Host(), s.Cable().Bits(), s.Link()),
		fmt.Sprintf("link set %s up", s.Link()),
		fmt.Sprintf("route replace %s via %s dev %s src %s", s.Pods(), s.Node(), s.Link(), s.Host()),
		fmt.Sprintf("route replace %s via %s dev %s src %s", s.Services(), s.Node(), s.Link(), s.Host()),
	)
}

// connected tells whether the host's end is as connect left it.
func (c *Cluster) connected(s subnet.Subnet) bool {
	if !c.ownsLink(s) {
		return false
	}
	routes, err := iproute.Routes()
	if err != nil {
		return false
	}
	found := 0
	for _, r := range routes {
		if r == s.Pods() || r == s.Services() || r == s.Cable() {
			found++
		}
	}
	return found == 3
}

// disconnect removes the cable if it is this cluster's.
func (c *Cluster) disconnect(s subnet.Subnet) error {
	if !c.ownsLink(s) {
		return nil
	}
	err := iproute.Batch("link delete " + s.Link())
	// The kernel may have been quicker: the cable ends with the node's namespace.
	if err != nil && linkExists(s.Link()) {
		return err
	}
	return nil
}

func (c *Cluster) ownsLink(s subnet.Subnet) bool {
	alias, err := os.ReadFile(filepath.Join("/sys/class/net", s.Link(), "ifalias"))
	return err == nil && strings.TrimSpace(string(alias)) == c.alias()
}

func linkExists(link string) bool {
	_, err := os.Lstat(filepath.Join("/sys/class/net", link))
	return err == nil
}
