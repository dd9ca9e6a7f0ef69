package host

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/iproute"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// claimSubnet takes the plan the cluster had before, or any that is free.
func (c *Cluster) claimSubnet(old *record) (subnet.Subnet, error) {
	if old != nil {
		s, err := subnet.New(old.Subnet)
		if err != nil {
			return s, err
		}
		err = c.claim(s)
		if errors.Is(err, errTaken) {
			return s, fmt.Errorf("another cluster has taken the addresses %s of this one; remove either with down", s.Range())
		}
		return s, err
	}
	routes, err := iproute.Routes()
	if err != nil {
		return subnet.Subnet{}, err
	}
	for _, s := range subnet.Candidates(c.Name, append(narrow(routes), c.reserved()...)) {
		if err := c.claim(s); !errors.Is(err, errTaken) {
			return s, err
		}
	}
	return subnet.Subnet{}, errors.New("no range of addresses is free: remove clusters with down")
}

// narrow leaves out routes so wide that they say where a site's network is, not
// that an address is in use; a VPN often claims all of 10.0.0.0/8.
func narrow(routes []netip.Prefix) []netip.Prefix {
	const wide = 12
	var kept []netip.Prefix
	for _, r := range routes {
		if r.Bits() > wide {
			kept = append(kept, r)
		}
	}
	return kept
}

// reserved lists the ranges of clusters beside this one that are not running but
// will want their addresses back.
func (c *Cluster) reserved() []netip.Prefix {
	clusters, err := os.ReadDir(c.StateDir)
	if err != nil {
		return nil
	}
	var ranges []netip.Prefix
	for _, entry := range clusters {
		other := &Cluster{dir: filepath.Join(c.StateDir, entry.Name())}
		if r := other.readRecord(); r != nil {
			if s, err := subnet.New(r.Subnet); err == nil {
				ranges = append(ranges, s.Range())
			}
		}
	}
	return ranges
}
