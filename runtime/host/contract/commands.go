package contract

import (
	"os/exec"
	"strings"
	"testing"

	"vnet/runtime/host"
)

// Commands checks that the commands of host.IP make the network that the
// operations make: it has a shell run them and looks at what there is then.
// What a link bears stays behind when ip moves it.
func Commands(t *testing.T, open func(*testing.T) host.Host, ns func(string) string) {
	want := parse(answers)
	for _, c := range cases(ops{ns}) {
		if _, moves := c.op.(host.LinkMove); moves || !strings.HasPrefix(want[c.name], "ok\n") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if renamesUp(c.op) && !LiveRename() {
				t.Skip("this kernel lacks it: a new name for an interface that is up, since Linux 6.2")
			}
			r := &runner{t: t, h: open(t), ns: ns}
			r.clean()
			t.Cleanup(r.clean)
			for _, name := range spaceNames {
				r.shell(host.NamespaceAdd{Name: ns(name)})
			}
			for _, op := range c.setup {
				r.shell(op)
			}
			r.shell(c.op)
			if got := r.await("ok\n", want[c.name]); got != want[c.name] {
				t.Errorf("%s\ngot\n%swant\n%s", strings.Join(host.IP(c.op), "\n"), got, want[c.name])
			}
		})
	}
}

func (r *runner) shell(op host.Op) {
	r.t.Helper()
	for _, line := range host.IP(op) {
		if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			r.t.Fatalf("%s\n%s: %v", line, out, err)
		}
	}
}
