package settings

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// MinKeyBytes is the least length of a key or secret that is read from a file.
const MinKeyBytes = 32

// maxKeyBytes bounds what is read from a key file.
const maxKeyBytes = 64 << 10

// ReadKeyFile reads a key and trims the newline that editors leave at its end. The error never contains the key.
func ReadKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	defer f.Close()
	key, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading key %s: %w", path, err)
	}
	key = bytes.TrimRight(key, "\r\n")
	if len(key) < MinKeyBytes || len(key) > maxKeyBytes {
		return nil, fmt.Errorf("key file %s holds %d bytes, %d to %d are needed", path, len(key), MinKeyBytes, maxKeyBytes)
	}
	return key, nil
}
