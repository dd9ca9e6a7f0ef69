package iproute

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseRoutes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		list string
		want []netip.Prefix
	}{
		"none": {list: `[]`},
		"the default says nothing of what is in use": {list: `[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"}]`},
		"networks and single addresses": {
			list: `[{"dst":"10.200.0.0/16","dev":"a"},{"type":"local","dst":"127.0.0.1","dev":"lo"}]`,
			want: []netip.Prefix{netip.MustParsePrefix("10.200.0.0/16"), netip.MustParsePrefix("127.0.0.1/32")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseRoutes([]byte(tc.list))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := parseRoutes([]byte("not JSON")); err == nil {
		t.Error("nonsense was accepted")
	}
}
