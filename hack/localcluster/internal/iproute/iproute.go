// Package iproute runs commands of iproute2.
package iproute

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
)

// Batch runs commands of ip, one per argument, and stops at the first that fails.
func Batch(commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var messages bytes.Buffer
	cmd.Stderr = &messages
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("configure the network: %w: %s", err, strings.TrimSpace(messages.String()))
	}
	return nil
}

// Routes lists the IPv4 destinations there are routes to, but for the default.
func Routes() ([]netip.Prefix, error) {
	out, err := exec.Command("ip", "-json", "-4", "route", "show", "table", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	return parseRoutes(out)
}

func parseRoutes(list []byte) ([]netip.Prefix, error) {
	var entries []struct {
		Destination string `json:"dst"`
	}
	if err := json.Unmarshal(list, &entries); err != nil {
		return nil, fmt.Errorf("read the list of routes: %w", err)
	}
	var prefixes []netip.Prefix
	for _, e := range entries {
		if prefix, err := netip.ParsePrefix(e.Destination); err == nil {
			prefixes = append(prefixes, prefix)
		} else if addr, err := netip.ParseAddr(e.Destination); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
		}
	}
	return prefixes, nil
}
