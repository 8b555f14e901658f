package command

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// free are the flags whose value is a number or a time: there is nothing to
// offer.
var free = []string{"confirm", "count", "for", "jobs", "size", "timeout"}

// Each argument that the help of a command names is offered by Tab, and each
// value of a flag, or it says here why not.
func TestEverythingIsCompleted(t *testing.T) {
	a := &app{Engine: fake(), console: newConsole(Standard())}
	seen := 0
	for _, c := range append(a.root().Commands(), a.root()) {
		if c.Hidden {
			continue
		}
		seen++
		if wants := strings.ContainsAny(c.Use, " ["); wants && c.ValidArgsFunction == nil {
			t.Errorf("vnet %s: nothing is offered for its arguments", c.Use)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal != "" || slices.Contains(free, f.Name) {
				return
			}
			if _, ok := c.GetFlagCompletionFunc(f.Name); !ok {
				t.Errorf("vnet %s --%s: nothing is offered for its value", c.Name(), f.Name)
			}
		})
	}
	if seen < 20 {
		t.Errorf("only %d commands were looked at", seen)
	}
}
