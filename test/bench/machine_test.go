package main

import (
	"os"
	"testing"
	"time"
)

func TestCPUGroupOf(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"version 1":              {"9:name=systemd:/s\n3:cpu,cpuacct:/localcluster1/kubepods/pod1/c\n1:cpu:/other\n0::/u\n", "/localcluster1/kubepods/pod1/c"},
		"a hierarchy of its own": {"2:cpuacct:/a\n1:cpu:/b\n0::/u\n", "/a"},
		"version 2":              {"0::/localcluster1/node\n", "/localcluster1/node"},
		"a colon in the name":    {"0::/a:b\n", "/a:b"},
		"nothing":                {"\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cpuGroupOf(tc.text); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestField(t *testing.T) {
	const pressure = "some avg10=0.00 avg60=0.12 avg300=0.50 total=4711\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
	if got, err := field(pressure, "total="); err != nil || got != 4711 {
		t.Errorf("%d, %v", got, err)
	}
	for _, text := range []string{"", "total=", "total=x"} {
		if _, err := field(text, "total="); err == nil {
			t.Errorf("%q has a number", text)
		}
	}
}

// The clock of a process goes on while it works; the loop ends only if it does.
func TestProcessCPU(t *testing.T) {
	before, err := processCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for used := before; used < before+5*time.Millisecond; {
		if used, err = processCPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := processCPU(1<<22 + 1); err == nil {
		t.Error("a process that cannot be has used some time")
	}
}
