package httpapi

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestSlotsLetARequestWaitItsTurn(t *testing.T) {
	places := newSlots(1, time.Hour)
	first, err := places.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		second, err := places.acquire(t.Context())
		if err == nil {
			second()
		}
		served <- err
	}()
	select {
	case err := <-served:
		t.Fatalf("two were served at once, or the second was refused: %v", err)
	default:
	}
	first()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestSlotsGiveUpWithTheirClient(t *testing.T) {
	places := newSlots(1, time.Hour)
	if _, err := places.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := places.acquire(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("acquire() = %v, want context.Canceled", err)
	}
}
