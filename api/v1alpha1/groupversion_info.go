// Package v1alpha1 contains the preview.codebegen.dev/v1alpha1 API: PreviewInstance, one running copy of one
// generated web project, and PreviewRuntime, the administrator's description of the pods that run them.
//
// +kubebuilder:object:generate=true
// +groupName=preview.codebegen.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every type in this package.
var GroupVersion = schema.GroupVersion{Group: "preview.codebegen.dev", Version: "v1alpha1"}

var schemeBuilder = runtime.NewSchemeBuilder(func(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&PreviewInstance{}, &PreviewInstanceList{},
		&PreviewRuntime{}, &PreviewRuntimeList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
})

// AddToScheme registers the types of this package.
var AddToScheme = schemeBuilder.AddToScheme
