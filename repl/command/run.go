package command

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vnet/lang/name"
	"vnet/runtime"
	"vnet/runtime/jobctl"
)

// runOptions are the flags of a run.
type runOptions struct {
	trace   bool
	remove  bool
	noWait  bool
	timeout timeout
	confirm timeout
	keep    bool
	replace bool
}

func (a *app) runFlags(cmd *cobra.Command) *runOptions {
	o := &runOptions{}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.remove, "rm", false, "take the network down at the end")
	f.Var(&o.timeout, "timeout", "roll back what is not done after this time: 30s, 5m")
	f.BoolVar(&o.replace, "replace", false, "take the script's lab down first if it is up; it stands if the new one fails")
	f.Var(&o.confirm, "confirm", "take it back unless somebody confirms it within this time")
	f.BoolVar(&o.keep, "keep", false, "leave a build that failed as it is, to look at it")
	f.BoolVar(&o.noWait, "no-wait", false, "fail when another script is changing the same namespace")
	f.BoolVarP(&o.trace, "trace", "x", false, "print each operation before it goes out")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no report when all went well")
	f.BoolVar(&a.json, "json", false, "messages and report as JSON, on standard error")
	cmd.MarkFlagsMutuallyExclusive("rm", "confirm")
	cmd.MarkFlagsMutuallyExclusive("rm", "keep", "replace")
	return o
}

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run FILE [NAME=VALUE...]",
		Aliases: []string{"up"},
		Short:   "Build the network of a script (as vnet FILE does)",
		Long: `Build the network of a script, as one transaction. NAME=VALUE gives a value to
a param of the script. Without FILE, or with -, standard input is read.

What it builds stands as a lab, under the name that the script gives it or that
of its file, until vnet down takes it down. With --rm nothing stays.`,
		Example: `  vnet run lab.vnet hosts=5
  vnet run --rm --timeout 2m test.vnet
  #!/usr/bin/env -S vnet run --rm     (first line of a script)`,
		ValidArgsFunction: completeScript,
	}
	o := a.runFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			if err := a.wantsInput(cmd); err != nil {
				return err
			}
		}
		return a.run(cmd.Context(), args, o)
	}
	return cmd
}

// run carries out a script and reports.
func (a *app) run(ctx context.Context, args []string, o *runOptions) error {
	if a.Run == nil {
		return misuse("this build of vnet cannot run scripts")
	}
	s, err := a.script(args)
	if err != nil {
		return err
	}
	ctx, release := withSignals(ctx)
	defer release()
	progress := a.watch()
	settings := runtime.Settings{
		Stdin: a.programInput(s), Stdout: a.console.out, Stderr: a.console.err,
		Timeout: time.Duration(o.timeout), Remove: o.remove, NoWait: o.noWait, Progress: progress.reporter(), Guard: a.Guard,
		Version: version(), Confirm: time.Duration(o.confirm), Ask: a.ask, KeepFailed: o.keep, Replace: o.replace,
	}
	if o.trace {
		settings.Trace = a.trace
	}
	r := a.Run(ctx, s, settings)
	progress.stop()
	a.report(s, r, o)
	return exit(int(r.Ending))
}

// programInput is what programs may read: standard input, unless the script
// came that way.
func (a *app) programInput(s runtime.Script) io.Reader {
	if s.Name == stdin {
		return nil
	}
	return a.std.In
}

// trace prints an operation in a form that is a line of the language, the
// place behind it as a comment.
func (a *app) trace(step runtime.Step) {
	s := a.style()
	line := s.green("+") + " " + name.Quote(step.Op.String())
	if step.At.Known() {
		line += s.dim("  # " + name.Quote(step.At.Pos.ShortString()))
	}
	write(a.console.err, line+"\n")
}

// withSignals cancels a context when the user or the system wants an end, with
// the signal as its cause. Later ones are swallowed, since a rollback must not
// be cut short. What was ignored when vnet began (nohup) stays ignored.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	var wanted []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) == 0 {
		return ctx, func() { cancel(nil) }
	}
	c := make(chan os.Signal, 8)
	signal.Notify(c, wanted...)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-c:
				if jobctl.Meant(s) {
					cancel(runtime.Signal{Signal: s})
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		// After a signal the process ends, and with the status of that one: what
		// comes on the last few lines must not kill it.
		if ctx.Err() != nil {
			return
		}
		signal.Stop(c)
		close(done)
		cancel(nil)
	}
}

// A timeout is the value of --timeout.
type timeout time.Duration

func (t *timeout) String() string {
	if *t == 0 {
		return ""
	}
	return time.Duration(*t).String()
}

func (t *timeout) Type() string { return "TIME" }

func (t *timeout) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch _, bare := strconv.ParseFloat(s, 64); {
	case err != nil && bare == nil:
		return misuse("the unit is missing; write %ss or %sm", s, s)
	case err != nil:
		return misuse("not a time; write 30s or 5m")
	case d <= 0:
		return misuse("want more than nothing")
	}
	*t = timeout(d)
	return nil
}
