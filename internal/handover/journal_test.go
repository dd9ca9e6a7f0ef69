package handover_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// journalRunner answers a stream with body, after its proof.
func journalRunner(t *testing.T, status int, body string) (handover.Target, *atomic.Pointer[http.Request]) {
	t.Helper()
	secret := secretOf(t, "pod")
	seen := &atomic.Pointer[http.Request]{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+runnerapi.PathHello, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the secret came before the proof")
		}
		var hello runnerapi.Hello
		_ = json.NewDecoder(r.Body).Decode(&hello)
		reply, _ := runnerapi.Prove(secret.Hash(), podUID, hello)
		writeJSON(w, reply)
	})
	mux.HandleFunc("GET "+runnerapi.PathJournal, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return readyTarget(t, server), seen
}

func TestJournalFrames(t *testing.T) {
	line := func(seq int) string { return fmt.Sprintf(`{"seq":%d,"time":5,"text":"x"}`, seq) }
	frame := func(seq uint64) runnerapi.Frame { return runnerapi.Frame{Seq: seq, Time: 5, Text: "x"} }
	for name, test := range map[string]struct {
		body string
		want []runnerapi.Frame
		err  error
	}{
		"lines to the end": {line(8) + "\n" + line(9) + "\n{}\n" + `{"end":true,"last":9}` + "\n" + line(10) + "\n",
			[]runnerapi.Frame{frame(8), frame(9), {}, {End: true, Last: 9}}, io.EOF},
		"a gap":                     {`{"gap":{"from":8,"to":11}}` + "\n" + line(12) + "\n", []runnerapi.Frame{{Gap: &runnerapi.Gap{From: 8, To: 11}}, frame(12)}, handover.ErrUnreachable},
		"NUL and half a character":  {`{"seq":8,"text":"a\u0000\ud800\u2028"}` + "\n", []runnerapi.Frame{{Seq: 8, Text: "a\ufffd\ufffd\u2028"}}, handover.ErrUnreachable},
		"cut":                       {line(8) + "\n" + line(9), []runnerapi.Frame{frame(8)}, handover.ErrUnreachable},
		"a member that is new":      {`{"seq":8,"time":5,"text":"x","color":1}` + "\n", []runnerapi.Frame{frame(8)}, handover.ErrUnreachable},
		"a number again":            {line(7) + "\n", nil, handover.ErrProtocol},
		"a number left out":         {line(9) + "\n", nil, handover.ErrProtocol},
		"a gap elsewhere":           {`{"gap":{"from":9,"to":11}}` + "\n", nil, handover.ErrProtocol},
		"a gap of nothing":          {`{"gap":{"from":8,"to":7}}` + "\n", nil, handover.ErrProtocol},
		"a gap without end":         {`{"gap":{"from":8,"to":18446744073709551615}}` + "\n", nil, handover.ErrProtocol},
		"an end before the end":     {`{"end":true,"last":9}` + "\n", nil, handover.ErrProtocol},
		"an end in the past":        {`{"end":true,"last":3}` + "\n", nil, handover.ErrProtocol},
		"no JSON":                   {"<html>\n", nil, handover.ErrProtocol},
		"a time that is none":       {`{"seq":8,"time":"now","text":"x"}` + "\n", nil, handover.ErrProtocol},
		"a frame that is too long":  {strings.Repeat(" ", runnerapi.MaxFrameBytes) + line(8) + "\n", nil, handover.ErrProtocol},
		"a line that is too long":   {`{"seq":8,"text":"` + strings.Repeat("x", 3*runnerapi.MaxLineBytes+1) + `"}` + "\n", nil, handover.ErrProtocol},
		"nothing but an empty body": {"", nil, handover.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			target, seen := journalRunner(t, http.StatusOK, test.body)
			journal, err := newClient(t, handover.Options{}).OpenJournal(t.Context(), target, 7)
			if err != nil {
				t.Fatal(err)
			}
			defer journal.Close()
			var got []runnerapi.Frame
			for {
				var frames []runnerapi.Frame
				if frames, err = journal.Next(); err != nil {
					break
				}
				got = append(got, frames...)
			}
			if !errors.Is(err, test.err) {
				t.Errorf("ended with %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" && test.want != nil {
				t.Errorf("frames (-want +got):\n%s", diff)
			}
			if r := seen.Load(); r.URL.Query().Get(runnerapi.QueryAfter) != "7" || r.Header.Get("Authorization") != "Bearer "+string(target.Secret) {
				t.Errorf("asked for %s", r.URL)
			}
		})
	}
}

func TestJournalIsOpenedOnlyAtTheRightRunner(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*handover.Target)
		status int
		want   error
	}{
		"another pod":    {func(target *handover.Target) { target.PodUID = "other" }, 200, handover.ErrWrongRunner},
		"another secret": {func(target *handover.Target) { target.Secret = secretOf(t, "other") }, 200, handover.ErrWrongRunner},
		"refused":        {func(*handover.Target) {}, 401, handover.ErrUnauthorised},
		"not that far":   {func(*handover.Target) {}, 416, handover.ErrBehind},
		"not found":      {func(*handover.Target) {}, 404, handover.ErrProtocol},
		"nobody there":   {func(target *handover.Target) { target.Address = "127.0.0.1:1" }, 200, handover.ErrUnreachable},
	} {
		target, seen := journalRunner(t, test.status, "")
		test.change(&target)
		journal, err := newClient(t, handover.Options{}).OpenJournal(t.Context(), target, 0)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		if journal != nil {
			journal.Close()
		}
		if errors.Is(test.want, handover.ErrWrongRunner) && seen.Load() != nil {
			t.Errorf("%s: the secret was sent", name)
		}
	}
}

func TestAcksShareAConnection(t *testing.T) {
	secret := secretOf(t, "pod")
	var hellos, acks atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+runnerapi.PathHello, func(w http.ResponseWriter, r *http.Request) {
		hellos.Add(1)
		var hello runnerapi.Hello
		_ = json.NewDecoder(r.Body).Decode(&hello)
		reply, _ := runnerapi.Prove(secret.Hash(), podUID, hello)
		writeJSON(w, reply)
	})
	mux.HandleFunc("GET "+runnerapi.PathJournal, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("POST "+runnerapi.PathJournalAck, func(w http.ResponseWriter, r *http.Request) {
		var ack runnerapi.Ack
		if json.NewDecoder(r.Body).Decode(&ack) != nil || ack.Seq != uint64(acks.Add(1)) || r.Header.Get("Authorization") != "Bearer "+string(secret) {
			t.Errorf("got %+v", ack)
		}
		if ack.Seq == 3 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	journal, err := newClient(t, handover.Options{}).OpenJournal(t.Context(), readyTarget(t, server), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	for seq := range uint64(4) {
		if err := journal.Ack(t.Context(), seq+1); (err != nil) != (seq == 2) {
			t.Errorf("ack of %d: %v", seq+1, err)
		}
	}
	// One for the stream, one for the acks, and one after the connection was lost: each connection begins with a proof.
	if n := hellos.Load(); n != 3 {
		t.Errorf("%d proofs, want 3", n)
	}
}
