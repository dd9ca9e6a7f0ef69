package controllers

import (
	"context"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// NewRunnerClient makes a RunnerClient of what talks to runners over HTTP.
func NewRunnerClient(client *handover.Client) RunnerClient { return runnerClient{client} }

type runnerClient struct{ *handover.Client }

// Stage is part of RunnerClient.
func (r runnerClient) Stage(ctx context.Context, target handover.Target, assignment runnerapi.Assignment, code []byte) (StagedRunner, error) {
	staged, err := r.Client.Stage(ctx, target, assignment, code)
	if err != nil {
		return nil, err
	}
	return staged, nil
}
