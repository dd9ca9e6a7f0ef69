package main

import (
	"flag"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args     []string
		want     []string
		wantName string
		wantErr  bool
	}{
		"a command":               {args: []string{"up"}, want: []string{"up"}, wantName: "preview"},
		"a flag before":           {args: []string{"--name", "a", "up"}, want: []string{"up"}, wantName: "a"},
		"a flag after":            {args: []string{"up", "--name=a"}, want: []string{"up"}, wantName: "a"},
		"an argument, then flags": {args: []string{"load", "x.tar", "--name", "a"}, want: []string{"load", "x.tar"}, wantName: "a"},
		"kubectl's own flags": {
			args:     []string{"--name", "a", "kubectl", "get", "--name", "b", "-n", "c"},
			want:     []string{"kubectl", "get", "--name", "b", "-n", "c"},
			wantName: "a",
		},
		"nothing":         {wantErr: true, wantName: "preview"},
		"an unknown flag": {args: []string{"up", "--fast"}, wantErr: true, wantName: "preview"},
		"help":            {args: []string{"help"}, wantErr: true, wantName: "preview"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cluster string
			flags := flag.NewFlagSet("test", flag.ContinueOnError)
			flags.SetOutput(io.Discard)
			flags.StringVar(&cluster, "name", "preview", "")
			got, err := parse(flags, tc.args)
			if (err != nil) != tc.wantErr {
				t.Fatalf("error = %v, want one: %t", err, tc.wantErr)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("words (-want +got):\n%s", diff)
			}
			if cluster != tc.wantName {
				t.Errorf("name = %q, want %q", cluster, tc.wantName)
			}
		})
	}
}
