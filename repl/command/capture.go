package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/runtime/capture"
	"vnet/runtime/host"
)

type captureOptions struct {
	output string
	count  int
	limit  time.Duration
}

// errEnough ends a capture that has what it wanted.
var errEnough = errors.New("enough")

func (a *app) captureCommand() *cobra.Command {
	o := &captureOptions{}
	cmd := &cobra.Command{
		Use:   "capture NS:IF...",
		Short: "Record packets",
		Long: `Record what goes through interfaces of one or several namespaces, until Ctrl-C.
To a file or a pipe it is written as pcapng, all interfaces in one, each with
its name and with the kernel's timestamps in nanoseconds; on a terminal each
packet is told in a line.`,
		Example: `  vnet capture h1:eth0 r:wan
  vnet capture h1:eth0 r:wan -w lab.pcapng --for 10s
  vnet capture h1:eth0 | wireshark -k -i -`,
		ValidArgsFunction: a.completeEnds,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.capture(cmd, args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.output, "write", "w", "", "write pcapng to a file; - for standard output")
	f.IntVarP(&o.count, "count", "c", 0, "end after so many packets")
	f.DurationVar(&o.limit, "for", 0, "end after this time: 10s, 5m")
	offerFiles(cmd, "write")
	return cmd
}

func (a *app) capture(cmd *cobra.Command, args []string, o *captureOptions) error {
	if a.Listen == nil {
		return misuse("this build of vnet cannot do that")
	}
	if len(args) == 0 {
		return misuse("name an interface").help("for example: vnet capture h1:eth0").see(cmd)
	}
	if o.count < 0 || o.limit < 0 {
		return misuse("a count and a time are not negative")
	}
	var ends []host.End
	for _, arg := range args {
		ns, link, ok := literal.ParseEnd(arg)
		if !ok {
			return misuse("`%s` is no interface", arg).help("write it with its namespace: h1:eth0")
		}
		ends = append(ends, host.End{NS: ns, Name: link})
	}
	terminal := isTerminal(a.std.Out)
	if o.output == dash && terminal {
		return misuse("pcapng is not for a terminal").help("write it to a file: -w lab.pcapng")
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	l, list := a.Listen(ctx, ends)
	if list.Failed() {
		return a.refuse(list)
	}
	defer l.Close()
	see, finish, err := a.recorder(l.Taps(), o, terminal)
	if err != nil {
		return a.refuse(recordFailed(o.output, err))
	}
	if o.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.limit)
		defer cancel()
	}
	if !a.quiet {
		write(a.console.err, "listening; Ctrl-C ends it.\n")
	}
	packets := 0
	err = l.Read(ctx, func(tap int, f host.Frame) error {
		if err := see(tap, f); err != nil {
			return err
		}
		if packets++; packets == o.count {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return a.captured(l.Taps(), packets, o, errors.Join(err, finish(l.Taps())))
}

// recorder is what becomes of each frame, and of the end.
func (a *app) recorder(taps []host.Tap, o *captureOptions, terminal bool) (see func(int, host.Frame) error, finish func([]host.Tap) error, err error) {
	if o.output == "" && terminal {
		began := time.Now()
		return func(tap int, f host.Frame) error {
			way := "<"
			if f.Out {
				way = ">"
			}
			t := taps[tap]
			line := fmt.Sprintf("%10.6f %s:%s %s %s", f.At.Sub(began).Seconds(), t.End.NS, t.End.Name, way, capture.Line(t.LinkType, f))
			_, err := fmt.Fprintln(a.console.out, name.Quote(line))
			return err
		}, func([]host.Tap) error { return nil }, nil
	}
	out, closing := a.std.Out, func() error { return nil }
	if o.output != "" && o.output != dash {
		file, err := os.Create(o.output)
		if err != nil {
			return nil, nil, err
		}
		out, closing = io.Writer(file), file.Close
	}
	w, err := capture.NewWriter(out, taps)
	if err != nil {
		return nil, nil, errors.Join(err, closing())
	}
	finish = func(taps []host.Tap) error { return errors.Join(w.Close(time.Now(), taps), closing()) }
	return w.Packet, finish, nil
}

// captured tells how it ended: a reader that went away is no failure.
func (a *app) captured(taps []host.Tap, packets int, o *captureOptions, err error) error {
	if err != nil && !errors.Is(err, syscall.EPIPE) {
		return a.refuse(recordFailed(o.output, err))
	}
	if a.quiet {
		return nil
	}
	dropped := uint64(0)
	for _, t := range taps {
		dropped += t.Dropped
	}
	write(a.console.err, fmt.Sprintf("%s, %d dropped by the kernel.\n", count(packets, "packet", "packets"), dropped))
	return nil
}

func recordFailed(path string, err error) diag.List {
	if path == "" || path == dash {
		path = "standard output"
	}
	return diag.List{problem(diag.FileDenied, "cannot write `%s`: %s", path, reason(err))}
}
