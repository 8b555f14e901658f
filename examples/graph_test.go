package examples

import (
	"testing"

	"vnet/runtime/kernel/kerneltest"
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
				for _, l := range status(t, m) {
					if alive := run(t, m, 0, "graph", "--format", format, l.Name).Out; alive != drawn {
						t.Errorf("%s: its lab is drawn as\n%s\nits script as\n%s", format, alive, drawn)
					}
				}
			}
		})
	}
}

// Of several labs the one is drawn that is named, with its bridges on the
// machine, also when its script is gone; and as it is now.
func TestGraphOfLab(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	one := "ns ga\nbridge host:gbr 10.7.0.1/24\nveth ga:eth0 10.7.0.2/24 <-> host:gbr as gp\n"
	run(t, m, 0, "up", script(t, "lab one\n"+one))
	run(t, m, 0, "up", script(t, "lab two\nns gb gc\nveth gb:eth0 <-> gc:eth0\nveth host:other 10.9.0.1/24 <-> gb:up\n"))
	want := run(t, m, 0, "graph", script(t, one)).Out
	if got := run(t, m, 0, "graph", "one").Out; got != want {
		t.Errorf("drawn is\n%s\nand not\n%s", got, want)
	}
	m.Script("ip -n ga addr add 10.7.0.3/24 dev eth0")
	if got := run(t, m, 0, "graph", "one").Out; got == want {
		t.Errorf("drawn is what was, and not what is:\n%s", got)
	}
	run(t, m, 3, "graph", "three")
}
