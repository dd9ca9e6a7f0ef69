package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxNamePrefix leaves room for the hash within the 63 characters of a DNS label.
const maxNamePrefix = 40

// instanceName derives the name of a generation's PreviewInstance, so that there is at most one however many launch at
// once. The prefix is for people; the hash keeps ids apart that differ in case, punctuation or their end only.
func instanceName(generationID string) string {
	var prefix strings.Builder
	for _, c := range strings.ToLower(generationID) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			prefix.WriteRune(c)
		} else {
			prefix.WriteByte('-')
		}
	}
	readable := prefix.String()
	readable = strings.TrimRight(readable[:min(len(readable), maxNamePrefix)], "-")
	// A label of Pods and Services must not begin with a digit in older DNS rules; ids often do.
	return "g-" + readable + "-" + hash(generationID)[:16]
}

// userLabel is the value of v1alpha1.LabelUser: user ids have characters that labels must not have, and are nobody's
// business who may list labels.
func userLabel(userID string) string { return hash("user\n" + userID)[:32] }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
