package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// staging are the states that answer a call which stages an assignment. One that was to be run before is run.
var staging = []runnerapi.State{runnerapi.StateStaged, runnerapi.StateStarting, runnerapi.StateServing, runnerapi.StateFailed}

// Staged is an assignment that a runner has staged, and the connection on which the runner proved itself. It is not safe
// for concurrent use, and has to be closed.
type Staged struct {
	client  *Client
	target  Target
	parcel  *parcel
	session *session
	result  runnerapi.Result
}

// Stage hands an assignment and its code to a runner, as Assign does, but not to be run yet. It returns as soon as the
// runner has done everything that can be done before that, or has found that the code cannot be run, which Run then
// tells. It keeps trying until ctx ends, like Assign.
func (c *Client) Stage(ctx context.Context, target Target, assignment runnerapi.Assignment, code []byte) (*Staged, error) {
	parcel, err := pack(assignment, code)
	if err != nil {
		return nil, err
	}
	staged := &Staged{client: c, target: target, parcel: parcel}
	staged.result, err = c.call(ctx, target, func(ctx context.Context, session *session) (runnerapi.Result, error) {
		result, err := session.ask(ctx, parcel.question(runnerapi.PathStage, staging))
		if err != nil {
			session.close()
		} else {
			staged.session = session
		}
		return result, err
	})
	if err != nil {
		return nil, err
	}
	return staged, nil
}

// Run has the runner run what it has staged and waits for what became of it, as Assign does. If the connection was lost
// it hands the assignment over anew, to a runner that proves itself anew: the one that was lost may have restarted.
func (s *Staged) Run(ctx context.Context) (runnerapi.Result, error) {
	if s.result.State == runnerapi.StateFailed {
		// It told why, and is about to exit.
		return s.result, nil
	}
	body, err := json.Marshal(runnerapi.RunRequest{ID: s.parcel.id})
	if err != nil {
		return runnerapi.Result{}, err
	}
	result, err := s.session.ask(ctx, question{
		method: http.MethodPost, path: runnerapi.PathRun, contentType: "application/json", body: body,
		assignmentID: s.parcel.id, answers: outcomes,
	})
	switch {
	case err == nil:
		return result, nil
	case errors.Is(err, errLost):
		return s.client.assign(ctx, s.target, s.parcel)
	default:
		return runnerapi.Result{}, fmt.Errorf("pod %s: %w", s.target.PodName, err)
	}
}

// Close gives the connection up. What was staged and is not run ends the runner by itself.
func (s *Staged) Close() { s.session.close() }
