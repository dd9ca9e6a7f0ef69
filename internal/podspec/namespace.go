package podspec

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// OperatorLabel and OperatorName select the pods of manager and gateway, which alone may connect to previews.
const (
	OperatorLabel = "app.kubernetes.io/name"
	OperatorName  = "preview-operator"

	namespaceLabel = "kubernetes.io/metadata.name"
	dnsPort        = 53
)

// NamespaceInput describes what the preview pods of a namespace share.
type NamespaceInput struct {
	Namespace string
	// OperatorNamespace is where manager and gateway run.
	OperatorNamespace string
	PortMin, PortMax  int32
	// BlockedCIDRs are the address ranges that previews may not reach.
	BlockedCIDRs []netip.Prefix
}

// Service renders the headless Service that gives preview pods their DNS names, ready or not: a pod has its name from
// the moment it has an address.
func Service(namespace string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.ServiceName, Namespace: namespace, Labels: previewLabels()},
		Spec: corev1.ServiceSpec{
			ClusterIP:                corev1.ClusterIPNone,
			PublishNotReadyAddresses: true,
			Selector:                 previewLabels(),
		},
	}
}

// NetworkPolicy renders the policy that selects every preview pod of a namespace: in from manager and gateway only,
// out to DNS and to the public internet only. The families are kept apart: an exception must lie within its block.
func NetworkPolicy(in NamespaceInput) *networkingv1.NetworkPolicy {
	v4 := &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}
	v6 := &networkingv1.IPBlock{CIDR: "::/0"}
	for _, blocked := range in.BlockedCIDRs {
		if blocked.Addr().Is4() {
			v4.Except = append(v4.Except, blocked.String())
		} else {
			v6.Except = append(v6.Except, blocked.String())
		}
	}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.NetworkPolicyName, Namespace: in.Namespace, Labels: previewLabels()},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: previewLabels()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				From: []networkingv1.NetworkPolicyPeer{{
					NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{namespaceLabel: in.OperatorNamespace}},
					PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{OperatorLabel: OperatorName}},
				}},
				Ports: []networkingv1.NetworkPolicyPort{
					tcpPorts(runnerapi.ControlPort, runnerapi.ControlPort),
					tcpPorts(in.PortMin, in.PortMax),
				},
			}},
			Egress: []networkingv1.NetworkPolicyEgressRule{
				{
					To: []networkingv1.NetworkPolicyPeer{{
						NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{namespaceLabel: metav1.NamespaceSystem}},
					}},
					Ports: []networkingv1.NetworkPolicyPort{
						{Protocol: ptr.To(corev1.ProtocolUDP), Port: ptr.To(intstr.FromInt32(dnsPort))},
						tcpPorts(dnsPort, dnsPort),
					},
				},
				{To: []networkingv1.NetworkPolicyPeer{{IPBlock: v4}, {IPBlock: v6}}},
			},
		},
	}
}

func tcpPorts(first, last int32) networkingv1.NetworkPolicyPort {
	port := networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(first))}
	if last != first {
		port.EndPort = ptr.To(last)
	}
	return port
}

func previewLabels() map[string]string {
	return map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentPreview}
}
