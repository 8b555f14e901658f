package examples

import (
	"testing"
)

// What is alive is drawn as the script that made it.
func TestGraph(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		if e.want() != 0 || len(e.args) > 0 { // with args it is about the machine's own devices
			continue
		}
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m := e.machine(t)
			run(t, m, 0, e.call()...)
			for _, format := range []string{"text", "svg"} {
				drawn := run(t, m, 0, "graph", "--format", format, e.path).Out
				if alive := run(t, m, 0, "graph", "--format", format).Out; alive != drawn || drawn == "" {
					t.Errorf("%s: what is alive is drawn as\n%s\nits script as\n%s", format, alive, drawn)
				}
			}
		})
	}
}
