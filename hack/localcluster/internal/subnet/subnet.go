// Package subnet lays out the addresses of one cluster. A cluster owns one
// 10.x.0.0/16, so that several run side by side and a single index says
// everything about where a cluster is.
package subnet

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
)

const (
	// firstOctet leaves the lower half of 10/8, which most site networks use, alone.
	firstOctet = 192
	// Count is the number of clusters that fit side by side.
	Count = 63
)

// Subnet is the address plan of one cluster.
type Subnet struct {
	index int
}

// New returns the plan with the given index, 0 to Count-1.
func New(index int) (Subnet, error) {
	if index < 0 || index >= Count {
		return Subnet{}, fmt.Errorf("subnet index %d is not between 0 and %d", index, Count-1)
	}
	return Subnet{index: index}, nil
}

// Candidates lists the plans whose range overlaps none of the taken prefixes,
// starting at one derived from the name: a cluster keeps its addresses from one
// run to the next unless something else has taken them.
func Candidates(name string, taken []netip.Prefix) []Subnet {
	hash := fnv.New32a()
	hash.Write([]byte(name))
	start := int(hash.Sum32() % Count)

	var free []Subnet
	for i := range Count {
		s := Subnet{index: (start + i) % Count}
		if !slices.ContainsFunc(taken, s.Range().Overlaps) {
			free = append(free, s)
		}
	}
	return free
}

// Index identifies the plan.
func (s Subnet) Index() int { return s.index }

// Link is the name of the host's end of the cable to the node. Link names are
// unique in the kernel, so creating the link is what claims the plan.
func (s Subnet) Link() string { return fmt.Sprintf("lcluster%d", s.index) }

// CgroupRoot is the cgroup below which the cluster's pods live.
func (s Subnet) CgroupRoot() string { return fmt.Sprintf("localcluster%d", s.index) }

// Range holds every address of the cluster.
func (s Subnet) Range() netip.Prefix { return s.prefix(0, 16) }

// Cable is the network between host and node.
func (s Subnet) Cable() netip.Prefix { return s.prefix(0, 30) }

// Host is the host's address on the cable.
func (s Subnet) Host() netip.Addr { return s.addr(0, 1) }

// Node is the node's address, on which the API server and NodePorts answer.
func (s Subnet) Node() netip.Addr { return s.addr(0, 2) }

// Pods has room for far more than the 250 pods of the node, so that the address
// of a deleted pod is not handed out again at once.
func (s Subnet) Pods() netip.Prefix { return s.prefix(16, 20) }

// Services is the range of ClusterIPs.
func (s Subnet) Services() netip.Prefix { return s.prefix(96, 20) }

// APIService is the ClusterIP of the Service "kubernetes", by definition the
// first of the range.
func (s Subnet) APIService() netip.Addr { return s.addr(96, 1) }

// DNS is the ClusterIP of the cluster's name server.
func (s Subnet) DNS() netip.Addr { return s.addr(96, 10) }

func (s Subnet) addr(third, fourth byte) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(firstOctet + s.index), third, fourth})
}

func (s Subnet) prefix(third byte, bits int) netip.Prefix {
	return netip.PrefixFrom(s.addr(third, 0), bits)
}
