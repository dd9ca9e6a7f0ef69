package ticket

import (
	"fmt"
	"testing"
	"time"
)

// clocked returns a Memory whose clock the test sets.
func clocked(t *testing.T, max int) (*Memory, *time.Time) {
	t.Helper()
	at := now
	m, err := NewMemory(max, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	return m, &at
}

func burn(t *testing.T, m *Memory, id string, expires time.Time, want bool) {
	t.Helper()
	if first, err := m.BurnTicket(t.Context(), id, expires); err != nil || first != want {
		t.Errorf("%s: first %v, %v, want %v", id, first, err, want)
	}
}

func TestMemoryForgetsWhatHasExpired(t *testing.T) {
	m, at := clocked(t, 10)
	burn(t, m, "late", now.Add(30*time.Second), true)
	burn(t, m, "early", now.Add(10*time.Second), true)
	burn(t, m, "middle", now.Add(20*time.Second), true)
	*at = now.Add(20*time.Second - 1)
	burn(t, m, "middle", now.Add(20*time.Second), false)
	*at = now.Add(20 * time.Second)
	burn(t, m, "late", now.Add(30*time.Second), false)
	if len(m.used) != 1 || len(m.byEnd) != 1 {
		t.Errorf("%d ids and %d ends are remembered, want the late one", len(m.used), len(m.byEnd))
	}
	// Forgotten, it would pass as the first again.
	burn(t, m, "middle", now.Add(20*time.Second), false)
	burn(t, m, "new but over", now.Add(20*time.Second), false)
}

func TestMemoryIsBounded(t *testing.T) {
	m, at := clocked(t, 3)
	for i := range 3 {
		burn(t, m, fmt.Sprint(i), now.Add(Lifetime), true)
	}
	if first, err := m.BurnTicket(t.Context(), "one too many", now.Add(Lifetime)); err == nil || first {
		t.Errorf("first %v, %v, want an error", first, err)
	}
	burn(t, m, "1", now.Add(Lifetime), false)
	*at = now.Add(Lifetime)
	burn(t, m, "one too many", now.Add(2*Lifetime), true)
	if _, err := NewMemory(0, time.Now); err == nil {
		t.Error("a memory for nothing")
	}
}
