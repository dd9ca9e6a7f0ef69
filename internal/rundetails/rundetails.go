// Package rundetails is what the record of a run keeps of its configuration: the manager writes it, and the gateway tells
// it when the resource is gone. To the store it is opaque.
package rundetails

import (
	"encoding/json"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// Details of a run, as they were in force; zero where they are not known.
type Details struct {
	// SessionTimeout, MaxUptime and StartupTimeout are in seconds.
	SessionTimeout int64 `json:"session_timeout,omitempty"`
	MaxUptime      int64 `json:"max_uptime,omitempty"`
	StartupTimeout int64 `json:"startup_timeout,omitempty"`
	MemoryLimitMB  int32 `json:"memory_limit_mb,omitempty"`
	// Start is how the run was started, nil while that is not known.
	Start *v1alpha1.Start `json:"start,omitempty"`
}

// Encode returns the form in which the store keeps the details; of equal details, the same.
func (d Details) Encode() string {
	data, err := json.Marshal(d)
	if err != nil {
		// Numbers and texts always can be encoded.
		panic(err)
	}
	return string(data)
}

// Decode reads what Encode wrote. What another version has written otherwise is left out: a record is shown all the same.
func Decode(text string) Details {
	var d Details
	if json.Unmarshal([]byte(text), &d) != nil {
		return Details{}
	}
	return d
}
