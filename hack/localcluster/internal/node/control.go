package node

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Status is what the supervisor knows of one component.
type Status struct {
	Name string `json:"name"`
	// PID is inside the node; zero when the component is not running.
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Restarts int       `json:"restarts"`
	// Wanted is false after stop.
	Wanted bool `json:"wanted"`
	Ready  bool `json:"ready"`
	// Problem says why it is not ready, and LastEnd how its last process ended.
	Problem string `json:"problem,omitempty"`
	LastEnd string `json:"lastEnd,omitempty"`
}

// Actions that can be ordered for a component.
const (
	ActionStart   = "start"
	ActionStop    = "stop"
	ActionKill    = "kill"
	ActionRestart = "restart"
)

func (s *supervisor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /components", s.listComponents)
	mux.HandleFunc("POST /components/{name}/{action}", s.act)
	return mux
}

func (s *supervisor) listComponents(w http.ResponseWriter, r *http.Request) {
	statuses := make([]Status, len(s.runners))
	var probing sync.WaitGroup
	for i, runner := range s.runners {
		probing.Go(func() {
			status := runner.status()
			if status.PID != 0 {
				err := s.probes.probe(r.Context(), runner.component)
				status.Ready = err == nil
				if err != nil {
					status.Problem = err.Error()
				}
			}
			statuses[i] = status
		})
	}
	probing.Wait()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(statuses); err != nil {
		s.log.Warn("cannot answer", "error", err)
	}
}

func (s *supervisor) act(w http.ResponseWriter, r *http.Request) {
	runner := s.find(r.PathValue("name"))
	if runner == nil {
		http.Error(w, "there is no such component", http.StatusNotFound)
		return
	}
	switch r.PathValue("action") {
	case ActionStart:
		runner.start()
	case ActionStop:
		runner.stop()
	case ActionRestart:
		runner.stop()
		runner.start()
	case ActionKill:
		if err := runner.kill(); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	default:
		http.Error(w, "there is no such action", http.StatusNotFound)
	}
}

func (r *runner) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Status{
		Name:     r.component.Name,
		PID:      r.pid,
		Started:  r.started,
		Restarts: r.restarts,
		Wanted:   r.wanted,
		LastEnd:  r.lastEnd,
	}
}
