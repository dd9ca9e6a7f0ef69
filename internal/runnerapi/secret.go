package runnerapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
)

// MinKeyBytes is the least length of the manager's key, from which the secrets of all pods are derived.
const MinKeyBytes = 32

// Secret is what the manager shows to one runner, in hexadecimal.
type Secret string

// DeriveSecret derives the secret of one pod from the manager's key. Pod names carry a random suffix and are never
// reused; a restarted manager derives the same secret, and one that leaks tells nothing about the key or other pods.
func DeriveSecret(key []byte, namespace, podName string) (Secret, error) {
	if len(key) < MinKeyBytes {
		return "", fmt.Errorf("runner key has %d bytes, at least %d are needed", len(key), MinKeyBytes)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "preview-runner/v1/secret\n%s\n%s", namespace, podName)
	return Secret(hex.EncodeToString(mac.Sum(nil))), nil
}

// Hash is the hexadecimal SHA-256 of the secret, which the pod spec holds.
func (s Secret) Hash() string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Matches compares the secret with a hash in constant time.
func (s Secret) Matches(hash string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Hash()), []byte(hash)) == 1
}

// Prove answers a hello as the runner whose secret has this hash.
func Prove(secretHash, podUID string, hello Hello) (HelloReply, error) {
	proof, err := proof(secretHash, podUID, hello.Nonce)
	if err != nil {
		return HelloReply{}, err
	}
	return HelloReply{PodUID: podUID, Proof: proof}, nil
}

// ErrWrongRunner is returned by Verify when whoever answered is not the runner of the pod that was meant.
var ErrWrongRunner = errors.New("the runner could not prove to be the pod it should be")

// Verify checks the answer to a hello against the secret and UID of the pod that was meant.
func Verify(secret Secret, podUID string, hello Hello, reply HelloReply) error {
	want, err := proof(secret.Hash(), podUID, hello.Nonce)
	if err != nil {
		return err
	}
	if reply.PodUID != podUID || subtle.ConstantTimeCompare([]byte(want), []byte(reply.Proof)) != 1 {
		return ErrWrongRunner
	}
	return nil
}

func proof(secretHash, podUID, nonce string) (string, error) {
	if raw, err := hex.DecodeString(nonce); err != nil || len(raw) != 32 {
		return "", errors.New("nonce is not the hexadecimal of 32 bytes")
	}
	return mac(secretHash, "hello\n"+podUID+"\n"+nonce)
}

// ObserverToken is the bearer token that opens PathUsage of the pod whose runner's secret has this hash, in hexadecimal.
func ObserverToken(secretHash, podUID string) (string, error) {
	return mac(secretHash, "observe\n"+podUID)
}

// HealthToken is what HeaderHealth has to carry to the application of that pod, in hexadecimal.
func HealthToken(secretHash, podUID string) (string, error) {
	return mac(secretHash, "health\n"+podUID)
}

// mac authenticates a message of this protocol under the raw bytes of a secret's hash.
func mac(secretHash, message string) (string, error) {
	key, err := hex.DecodeString(secretHash)
	if err != nil || len(key) != sha256.Size {
		return "", errors.New("secret hash is not the hexadecimal of a SHA-256 digest")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "preview-runner/v1/%s", message)
	return hex.EncodeToString(mac.Sum(nil)), nil
}
