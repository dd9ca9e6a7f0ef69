package main

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestPatientDial(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	unreachable := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	for name, test := range map[string]struct {
		errs     []error // of each attempt, the last one for ever
		patience time.Duration
		want     error
		attempts int // 0: any
	}{
		"at once":               {errs: []error{nil}, patience: time.Minute, attempts: 1},
		"refused, then there":   {errs: []error{refused, refused, nil}, patience: time.Minute, attempts: 3},
		"something else":        {errs: []error{unreachable, nil}, patience: time.Minute, want: syscall.ENETUNREACH, attempts: 1},
		"refused for too long":  {errs: []error{refused}, patience: time.Nanosecond, want: syscall.ECONNREFUSED},
		"refused, then refused": {errs: []error{refused, unreachable}, patience: time.Minute, want: syscall.ENETUNREACH, attempts: 2},
	} {
		t.Run(name, func(t *testing.T) {
			attempts := 0
			dial := patient(func(context.Context, string, string) (net.Conn, error) {
				attempts++
				err := test.errs[min(attempts, len(test.errs))-1]
				if err != nil {
					return nil, err
				}
				connection, other := net.Pipe()
				t.Cleanup(func() { connection.Close(); other.Close() })
				return connection, nil
			}, test.patience)
			connection, err := dial(t.Context(), "tcp", "api:443")
			if !errors.Is(err, test.want) || (connection == nil) != (test.want != nil) {
				t.Errorf("dial = %v, %v, want the error %v", connection, err, test.want)
			}
			if test.attempts > 0 && attempts != test.attempts {
				t.Errorf("%d attempts, want %d", attempts, test.attempts)
			}
		})
	}
}

func TestPatientDialEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dial := patient(func(context.Context, string, string) (net.Conn, error) {
		cancel()
		return nil, syscall.ECONNREFUSED
	}, time.Hour)
	if _, err := dial(ctx, "tcp", "api:443"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial = %v, want what the last attempt said", err)
	}
}
