package runtime_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"vnet/runtime"
	"vnet/runtime/model"
)

// Who stops a script while it is rehearsed is told that it was stopped, and
// nothing of it is done.
func TestStoppedWhileRehearsed(t *testing.T) {
	for _, c := range []struct {
		cause   error // nil for a timeout
		ending  runtime.Ending
		prepare string
	}{
		{nil, runtime.TimedOut, ""},
		{nil, runtime.TimedOut, "ns early\n"},
		{runtime.Signal{Signal: os.Interrupt}, runtime.Interrupted, "ns early\n"},
		{runtime.Signal{Signal: syscall.SIGTERM}, runtime.Terminated, "ns early\n"},
	} {
		net := model.New(model.Options{})
		ctx, cancel := context.WithCancelCause(t.Context())
		var set runtime.Settings
		if c.cause == nil {
			set.Timeout = 20 * time.Millisecond
		} else {
			time.AfterFunc(20*time.Millisecond, func() { cancel(c.cause) })
		}
		r := runtime.RunOn(ctx, hosted{net}, runtime.Script{Name: "test.vnet", Text: c.prepare + "for i in 1..450000 { let n = $i * 2 }\nns late\n"}, set)
		cancel(nil)
		if r.Ending != c.ending || len(r.Diags) > 0 || r.RolledBack {
			t.Errorf("%v %q: ending %v, not %v; rolled back: %v; %v", c.cause, c.prepare, r.Ending, c.ending, r.RolledBack, r.Diags)
		}
		if made, _ := net.Namespaces(t.Context()); len(made) > 0 {
			t.Errorf("%v %q: made %v", c.cause, c.prepare, made)
		}
	}
}
