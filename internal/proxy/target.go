// Package proxy forwards single requests to previews. Where a request goes comes from the status of the preview alone;
// what a client asks for is checked before anything uses it, and then carried exactly.
package proxy

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// ErrNotRunning: the preview cannot be sent requests now.
var ErrNotRunning = errors.New("preview is not running")

// Target is where the requests to one preview go.
type Target struct {
	// InstanceUID and Pod identify the preview and its pod. Connections are never shared between two of them: the
	// address of a pod that is gone may belong to somebody else's by now.
	InstanceUID, Pod string
	// Host is the DNS name of the pod, IP its address. At least one is set.
	Host string
	IP   netip.Addr
	Port uint16
}

// PortRange bounds the ports of previews, inclusive.
type PortRange struct{ Min, Max int32 }

// TargetOf makes the target of a preview from its status. It fails with ErrNotRunning unless the preview runs.
func TargetOf(pvi *v1alpha1.PreviewInstance, ports PortRange) (Target, error) {
	if pvi.Status.Phase != v1alpha1.PhaseRunning || !wanted(pvi) {
		return Target{}, ErrNotRunning
	}
	return targetOf(pvi, ports)
}

// StartingTargetOf makes the target of a preview that is starting, at which its application will listen: nobody else's
// can, for the port is its own. It fails with ErrNotRunning unless the preview is starting and its status names port, pod
// and address; a name would not do, for it may lead to the pod before.
func StartingTargetOf(pvi *v1alpha1.PreviewInstance, ports PortRange) (Target, error) {
	status := &pvi.Status
	if status.Phase != v1alpha1.PhaseStarting || !wanted(pvi) || status.Port == 0 || status.PodName == "" || status.PodIP == "" {
		return Target{}, ErrNotRunning
	}
	return targetOf(pvi, ports)
}

// wanted reports whether nobody has asked for the end of a preview.
func wanted(pvi *v1alpha1.PreviewInstance) bool {
	return pvi.DeletionTimestamp.IsZero() && pvi.Spec.DesiredState != v1alpha1.DesiredStopped
}

func targetOf(pvi *v1alpha1.PreviewInstance, ports PortRange) (Target, error) {
	status := &pvi.Status
	if status.Port < ports.Min || status.Port > ports.Max {
		return Target{}, fmt.Errorf("proxy: port %d of %s is not within %d to %d", status.Port, pvi.Name, ports.Min, ports.Max)
	}
	target := Target{InstanceUID: string(pvi.UID), Pod: status.PodName, Host: status.Host, Port: uint16(status.Port)}
	if status.PodIP != "" {
		ip, err := netip.ParseAddr(status.PodIP)
		if err != nil || ip.Zone() != "" {
			return Target{}, fmt.Errorf("proxy: pod address %q of %s is not an IP address", status.PodIP, pvi.Name)
		}
		target.IP = ip.Unmap()
	}
	if target.InstanceUID == "" || target.Host == "" && !target.IP.IsValid() {
		return Target{}, ErrNotRunning
	}
	return target, nil
}

// authority is what the application sees as Host.
func (t Target) authority() string {
	if t.Host != "" {
		return fmt.Sprintf("%s:%d", t.Host, t.Port)
	}
	return netip.AddrPortFrom(t.IP, t.Port).String()
}
