package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/runtime"
	"vnet/runtime/sandbox"
	"vnet/runtime/trial"
)

// The word of the command that a test is carried out by; nobody types it.
const privately = "privately"

// grace is how long a test that was told to end may take for it before it
// is killed with all it has started.
const grace = 3 * time.Second

// mostOutput is how much of a test's output is kept, in bytes.
const mostOutput = 1 << 20

// An outcome is what a test tells of itself, on descriptor 3.
type outcome struct {
	Ending  int            `json:"ending"`
	Failure *trial.Failure `json:"failure,omitempty"`
}

func (a *app) privateCommand() *cobra.Command {
	var limit timeout
	cmd := &cobra.Command{
		Use:    privately + " [FILE TEST [NAME=VALUE...]]",
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return sandbox.Furnish() // it is only asked whether this can be done
			}
			// The script may lie where only the real machine has it: in /run.
			s, err := a.script(append([]string{args[0]}, args[2:]...))
			if err == nil {
				err = sandbox.Furnish()
			}
			if err != nil {
				return err
			}
			s.Test = args[1]
			return a.private(cmd.Context(), s, time.Duration(limit))
		},
	}
	cmd.Flags().Var(&limit, "timeout", "")
	return cmd
}

// private carries out one test, in a process that is in a machine of its own.
func (a *app) private(ctx context.Context, s runtime.Script, limit time.Duration) error {
	ctx, release := withSignals(ctx)
	defer release()
	var last atomic.Pointer[runtime.Progress] // the statement that was at hand
	r := a.Run(ctx, s, runtime.Settings{Stdout: a.console.out, Stderr: a.console.err, Timeout: limit, Remove: true,
		Progress: func(p runtime.Progress) {
			if !p.Undoing {
				last.Store(&p)
			}
		}})
	out := outcome{Ending: int(r.Ending)}
	if r.Ending != runtime.Done {
		out.Failure = a.failure(s, r)
	}
	if p := last.Load(); r.Ending == runtime.TimedOut && p != nil {
		late := diag.New(diag.ProgramTimeout, p.At, "not done after %s", limit)
		out.Failure = a.failure(s, &runtime.Report{Diags: append(diag.List{late}, r.Diags...), Left: r.Left})
	}
	pipe := os.NewFile(3, "outcome")
	defer pipe.Close()
	if err := json.NewEncoder(pipe).Encode(out); err != nil {
		return err
	}
	return exit(int(r.Ending))
}

// failure tells why a test failed: by its first error, and the whole message.
func (a *app) failure(s runtime.Script, r *runtime.Report) *trial.Failure {
	f := &trial.Failure{Summary: "failed"}
	found := false
	for _, d := range r.Diags.Tidy() {
		if d.Severity != diag.Error || found {
			continue
		}
		found = true
		f.Code, f.Summary = string(d.Code), d.Summary
		f.File, f.Line, f.Column = d.Span.Pos.Filename, d.Span.Pos.Line, d.Span.Pos.Column
	}
	var text strings.Builder
	_ = r.Diags.Tidy().Text(&text, a.sources(s), diag.Style{Width: 100})
	for _, l := range r.Left {
		text.WriteString("left: " + l + "\n")
	}
	f.Text = text.String()
	return f
}

// self prepares a call of this program in a machine of its own. It is told to
// end before it is killed.
func self(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.SysProcAttr = sandbox.Attributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	return cmd
}

// probe finds out whether tests can have machines of their own here.
func probe(ctx context.Context) *diag.Diagnostic {
	if _, err := sandbox.Attempt(self(ctx, privately)); err != nil {
		return noSandbox(sandbox.Explain(err))
	}
	return nil
}

// inPrivate carries out a test in a process of its own and waits for its end.
func inPrivate(ctx context.Context, t trial.Test, values []string, limit time.Duration) trial.Result {
	r, w, err := os.Pipe()
	if err != nil {
		return failed(t, "cannot start: %s", err)
	}
	defer r.Close()
	began := time.Now()
	// What does not heed its timeout is ended.
	ctx, cancel := context.WithTimeout(ctx, limit+grace)
	defer cancel()
	out := &limited{most: mostOutput}
	cmd := self(ctx, append([]string{privately, "--timeout", limit.String(), "--", t.File, t.Name}, values...)...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return failed(t, "cannot start: %s", err)
	}
	told := make(chan outcome, 1)
	go func() {
		var o outcome
		_ = json.NewDecoder(io.LimitReader(r, 16<<20)).Decode(&o)
		told <- o
	}()
	err = cmd.Wait()
	o := <-told
	result := trial.Result{Test: t, State: trial.Passed, Elapsed: time.Since(began), Output: out.String(), Failure: o.Failure}
	var exited *exec.ExitError
	switch {
	case err != nil && ctx.Err() == context.Canceled:
		result.State, result.Failure = trial.NotRun, nil
	case err == nil && o.Failure == nil:
	case o.Failure != nil:
		result.State = trial.Failed
	case errors.As(err, &exited):
		result.State, result.Failure = trial.Failed, &trial.Failure{Summary: "vnet ended without saying why: " + exited.String()}
	default:
		result.State, result.Failure = trial.Failed, &trial.Failure{Summary: err.Error()}
	}
	return result
}

// limited keeps the beginning of what is written to it.
type limited struct {
	bytes.Buffer
	most int
	cut  bool
}

func (l *limited) Write(b []byte) (int, error) {
	if room := l.most - l.Len(); len(b) > room {
		if !l.cut {
			l.Buffer.Write(b[:max(room, 0)])
			l.Buffer.WriteString("\n… (cut off)\n")
		}
		l.cut = true
		return len(b), nil
	}
	return l.Buffer.Write(b)
}
