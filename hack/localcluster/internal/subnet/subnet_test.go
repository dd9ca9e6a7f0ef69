package subnet

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	first := Candidates("preview", nil)[0]
	second := Candidates("preview", nil)[1]

	for name, tc := range map[string]struct {
		taken []netip.Prefix
		want  Subnet
	}{
		"nothing taken":               {want: first},
		"an unrelated network":        {taken: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}, want: first},
		"one address of it is in use": {taken: []netip.Prefix{netip.PrefixFrom(first.Node(), 32)}, want: second},
		"its services are routed":     {taken: []netip.Prefix{first.Services()}, want: second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Candidates("preview", tc.taken)
			if got[0] != tc.want {
				t.Errorf("first candidate = %v, want %v", got[0].Range(), tc.want.Range())
			}
		})
	}

	if got := len(Candidates("preview", nil)); got != Count {
		t.Errorf("%d candidates, want %d", got, Count)
	}
	if got := Candidates("preview", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}); len(got) != 0 {
		t.Errorf("candidates in a taken range: %v", got)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	s, err := New(7)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{
		"range": s.Range().String(), "cable": s.Cable().String(), "host": s.Host().String(), "node": s.Node().String(),
		"pods": s.Pods().String(), "services": s.Services().String(), "api": s.APIService().String(), "dns": s.DNS().String(),
		"link": s.Link(), "cgroup": s.CgroupRoot(),
	}
	want := map[string]string{
		"range": "10.199.0.0/16", "cable": "10.199.0.0/30", "host": "10.199.0.1", "node": "10.199.0.2",
		"pods": "10.199.16.0/20", "services": "10.199.96.0/20", "api": "10.199.96.1", "dns": "10.199.96.10",
		"link": "lcluster7", "cgroup": "localcluster7",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestPlansDoNotOverlap(t *testing.T) {
	t.Parallel()
	for i := range Count {
		s, err := New(i)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			before, err := New(i - 1)
			if err != nil {
				t.Fatal(err)
			}
			if s.Range().Overlaps(before.Range()) {
				t.Errorf("plans %d and %d overlap", i-1, i)
			}
		}
		for _, p := range []netip.Prefix{s.Cable(), s.Pods(), s.Services()} {
			if !s.Range().Contains(p.Addr()) || p.Masked() != p {
				t.Errorf("plan %d: %s is not a network within %s", i, p, s.Range())
			}
		}
		if s.Pods().Overlaps(s.Services()) || s.Pods().Overlaps(s.Cable()) || s.Services().Overlaps(s.Cable()) {
			t.Errorf("plan %d: its networks overlap", i)
		}
		// The kernel allows 15 characters, and the node's end has one more.
		if len(s.Link()) > 14 {
			t.Errorf("plan %d: link name %q is too long", i, s.Link())
		}
	}
	for _, i := range []int{-1, Count} {
		if _, err := New(i); err == nil {
			t.Errorf("New(%d) succeeded", i)
		}
	}
}
