package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime"
)

func (a *app) logsCommand() *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:   "logs LAB [PROGRAM]",
		Short: "Print what the programs of a lab have written",
		Long: `Print what the programs that a lab has spawned have written. With the name of
one it is printed as it is, else each line with the name of its program before it.`,
		Example: `  vnet logs office
  vnet logs office web -f`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return misuse("name a lab, and at most one of its programs").see(cmd)
			}
			return nil
		},
		ValidArgsFunction: a.completeLogs,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.logs(cmd.Context(), args, follow) },
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on, as they write, until Ctrl-C or the lab is down")
	return cmd
}

func (a *app) logs(ctx context.Context, args []string, follow bool) error {
	if a.Labs == nil {
		return misuse("this build of vnet keeps no labs")
	}
	called, trouble := a.FindLab(args[0])
	if trouble.Failed() {
		return a.refuse(trouble)
	}
	labs, trouble := a.Labs()
	if trouble.Failed() {
		return a.refuse(trouble)
	}
	var tails []*tail
	var names []string
	for _, l := range labs {
		for _, p := range l.Programs {
			if l.Name != called || p.Log == "" {
				continue
			}
			names = append(names, p.Name)
			if len(args) == 1 || args[1] == p.Name {
				tails = append(tails, &tail{program: p, prefix: len(args) == 1})
			}
		}
	}
	switch {
	case len(args) == 2 && len(tails) == 0:
		e := misuse("lab `%s` has no program `%s`", called, args[1])
		if near, ok := name.Near(args[1], names); ok {
			e.help("did you mean `%s`?", near)
		}
		return e
	case len(tails) == 0:
		write(a.console.err, "lab "+called+" has spawned no programs\n")
	}
	ctx, release := withSignals(ctx)
	defer release()
	for {
		there := false
		for _, t := range tails {
			there = t.print(a.console.out) || there
		}
		if !follow || !there || a.console.out.failed != nil { // the lab is down, or nobody reads
			for _, t := range tails {
				t.finish(a.console.out)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(tailRest):
		}
	}
}

// tailRest is the time between two looks at the logs.
const tailRest = 100 * time.Millisecond

// A tail is a log that is printed as far as it was written.
type tail struct {
	program runtime.LabProgram
	prefix  bool
	at      int64
	begun   []byte // of a line that has no end yet
}

// print prints what is new, and reports whether the log is there. One that has
// become shorter was begun anew.
func (t *tail) print(w io.Writer) (there bool) {
	f, err := os.OpenFile(t.program.Log, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < t.at {
		t.at = 0
	}
	buf := make([]byte, 64<<10) // a log may be of any size
	for {
		n, err := f.ReadAt(buf, t.at)
		t.at += int64(n)
		t.pass(w, buf[:n])
		if err != nil {
			return true
		}
	}
}

// longLine is how much of a line that has no end is waited for.
const longLine = 1 << 20

// pass prints a stretch of the log; with several programs, whole lines.
func (t *tail) pass(w io.Writer, data []byte) {
	if !t.prefix {
		_, _ = w.Write(data)
		return
	}
	t.begun = append(t.begun, data...)
	end := bytes.LastIndexByte(t.begun, '\n') + 1
	for line := range bytes.Lines(t.begun[:end]) {
		t.line(w, line)
	}
	if t.begun = bytes.Clone(t.begun[end:]); len(t.begun) > longLine {
		t.finish(w)
		t.begun = nil
	}
}

func (t *tail) line(w io.Writer, line []byte) {
	_, _ = w.Write(slices.Concat([]byte(t.program.Name+" | "), line))
}

// finish prints a last line that has no end.
func (t *tail) finish(w io.Writer) {
	if len(t.begun) > 0 {
		t.line(w, append(t.begun, '\n'))
	}
}
